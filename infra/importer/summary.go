package importer

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxProblems is how many problems a summary shows as examples; all of them are counted.
const maxProblems = 20

// maxNotes is how many examples a summary shows of each warning.
const maxNotes = 3

// meanings say what a warning is about and what to do.
var meanings = map[string]string{
	"equal_lines":         "lines equal to another of their group, and counted too; if they are there by mistake, add 'distinct: true' to the event",
	"equal_lines_dropped": "lines equal to another of their group, left out as 'distinct: true' says",
	"filter_no_number": "rows left out because a filter compares with a number and the cell is none; say in the filter how numbers are written, " +
		"for example 'decimal: \",\"'",
	"group_unknown": "lines that could not be read and do not say to which group they belong: a group may lack one; mend them and import again",
	"lines_differ":  "lines of a group with another number than the first; the event takes that of its earliest line",
	"cut_id": "ids that a spreadsheet took for numbers and cut: their last digits are lost, and different ids may have become one; " +
		"export the file again and do not open it in a spreadsheet",
}

// Summary says what became of every row and every event: Rows.Read = Used + Skipped + Rejected, and when an import ran to its end
// Events.Mapped = Accepted + Rejected + Refused.
type Summary struct {
	Mapping  string            `json:"mapping"`
	Version  string            `json:"version"`
	File     string            `json:"file"`
	DryRun   bool              `json:"dry_run,omitempty"`
	Complete bool              `json:"complete"`
	Resumed  int64             `json:"resumed,omitempty"` // events that an interrupted import had already delivered
	Rows     Rows              `json:"rows"`
	Events   Events            `json:"events"`
	Outputs  map[string]Output `json:"outputs"`            // mapped events by their name in the mapping
	Reasons  map[string]int64  `json:"reasons"`            // problems by code
	Problems []Problem         `json:"problems"`           // the first ones
	Warnings map[string]int64  `json:"warnings,omitempty"` // what was taken and looks wrong, by code
	Notes    []Problem         `json:"notes,omitempty"`    // the first of the warnings
	Retries  int64             `json:"retries"`
	Seconds  float64           `json:"seconds"`
}

// Output counts what became one of the mapping's events.
type Output struct {
	Events int64 `json:"events"`
	Rows   int64 `json:"rows"` // of the file, that they were made of
}

// Rows counts the rows of the file.
type Rows struct {
	Read     int64 `json:"read"`
	Used     int64 `json:"used"`     // became an event or a part of one
	Skipped  int64 `json:"skipped"`  // no event of the mapping wanted them
	Rejected int64 `json:"rejected"` // could not be read or mapped
}

// Events counts the events made of them.
type Events struct {
	Mapped   int64 `json:"mapped"`
	Repeats  int64 `json:"repeats"`  // same content as an earlier row of the file, not sent
	Accepted int64 `json:"accepted"` // taken by the system
	Rejected int64 `json:"rejected"` // named as bad in the system's answer
	Refused  int64 `json:"refused"`  // part of a request that the system refused
}

// Problem is one row or event that went wrong.
type Problem struct {
	Line   int64  `json:"line"` // of the file
	Event  string `json:"event,omitempty"`
	Code   string `json:"code"`
	Field  string `json:"field,omitempty"`
	Reason string `json:"reason"`

	advice func() string // what to add to the mapping; asked for when the problem is going to be shown
}

// at says where a problem was found; a line that is known already, the very row of a group, stays.
func (p *Problem) at(line int64, event string) *Problem {
	if p.Line == 0 {
		p.Line = line
	}
	if p.Event == "" {
		p.Event = event
	}
	return p
}

// NewSummary is an empty summary.
func NewSummary(m *Mapping, file string) Summary {
	return Summary{
		Mapping: m.Name, Version: m.Version, File: file,
		Outputs: map[string]Output{}, Reasons: map[string]int64{}, Problems: []Problem{},
	}
}

func (s *Summary) note(p Problem) {
	s.Reasons[p.Code]++
	if len(s.Problems) < maxProblems {
		s.Problems = append(s.Problems, p.shown())
	}
}

// warn notes something that was taken all the same.
func (s *Summary) warn(p Problem) {
	if s.Warnings == nil {
		s.Warnings = map[string]int64{}
	}
	s.Warnings[p.Code]++
	if s.Warnings[p.Code] <= maxNotes {
		s.Notes = append(s.Notes, p)
	}
}

// shown is the problem with what to add to the mapping.
func (p Problem) shown() Problem {
	if p.advice != nil {
		p.Reason, p.advice = p.Reason+p.advice(), nil
	}
	return p
}

// Clean says whether nothing was rejected or refused.
func (s Summary) Clean() bool {
	return s.Rows.Rejected == 0 && s.Events.Rejected == 0 && s.Events.Refused == 0
}

// WriteText writes the summary for people.
func (s Summary) WriteText(w io.Writer) error {
	lines := []string{
		fmt.Sprintf("%s: %d rows read, %d used, %d skipped by filters, %d rejected", s.File, s.Rows.Read, s.Rows.Used, s.Rows.Skipped, s.Rows.Rejected),
		fmt.Sprintf("  events: %d mapped, %d repeats left out", s.Events.Mapped, s.Events.Repeats),
	}
	for _, name := range names(s.Outputs) {
		lines = append(lines, fmt.Sprintf("    %-32s %d of %d rows", name, s.Outputs[name].Events, s.Outputs[name].Rows))
	}
	switch {
	case s.DryRun:
		lines = append(lines, "  dry run: nothing was sent")
	default:
		lines = append(lines, fmt.Sprintf("  sent: %d accepted, %d rejected, %d refused; %d retries, %.1f s", s.Events.Accepted, s.Events.Rejected, s.Events.Refused, s.Retries, s.Seconds))
	}
	if s.Resumed > 0 {
		lines = append(lines, fmt.Sprintf("  of these %d had been delivered by an import that was interrupted", s.Resumed))
	}
	lines = append(lines, counted("", s.Reasons)...)
	for _, p := range s.Problems {
		lines = append(lines, Wrap("    "+p.String(), "      ")...)
	}
	lines = append(lines, counted("warning: ", s.Warnings)...)
	for _, p := range s.Notes {
		lines = append(lines, Wrap("    "+p.String(), "      ")...)
	}
	if !s.Complete && !s.DryRun {
		lines = append(lines, "  NOT COMPLETE: run the same command again to go on where it stopped")
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, strings.Join(Wrap(line, "    "), "\n")); err != nil {
			return err
		}
	}
	return nil
}

// counted lists counts by code, the most frequent first.
func counted(what string, counts map[string]int64) []string {
	codes := names(counts)
	slices.SortStableFunc(codes, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	var lines []string
	for _, code := range codes {
		line := fmt.Sprintf("  %s%d × %s", what, counts[code], code)
		if meaning := meanings[code]; meaning != "" && what != "" {
			line += ": " + meaning
		}
		lines = append(lines, Wrap(line, "    ")...)
	}
	return lines
}

// width is that of a terminal.
const width = 80

// Wrap breaks a line at blanks so that it fits a terminal.
func Wrap(text, indent string) []string {
	var lines []string
	for utf8.RuneCountInString(text) > width {
		head := string([]rune(text)[:width+1])
		at := strings.LastIndexByte(head, ' ')
		if at <= len(indent) {
			break // one long word
		}
		lines, text = append(lines, text[:at]), indent+text[at+1:]
	}
	return append(lines, text)
}

// String is the problem in one line.
func (p Problem) String() string {
	text := fmt.Sprintf("line %d", p.Line)
	if p.Event != "" {
		text += " (" + p.Event + ")"
	}
	if p.Field != "" {
		text += " " + p.Field
	}
	return text + ": " + p.Reason
}
