package importer

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// maxProblems is how many problems a summary shows as examples; all of them are counted.
const maxProblems = 20

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
	Outputs  map[string]Output `json:"outputs"`  // mapped events by their name in the mapping
	Reasons  map[string]int64  `json:"reasons"`  // problems by code
	Problems []Problem         `json:"problems"` // the first ones
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
		s.Problems = append(s.Problems, p)
	}
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
	codes := names(s.Reasons)
	slices.SortStableFunc(codes, func(a, b string) int { return cmp.Compare(s.Reasons[b], s.Reasons[a]) })
	for _, code := range codes {
		lines = append(lines, fmt.Sprintf("  %d × %s", s.Reasons[code], code))
	}
	for _, p := range s.Problems {
		lines = append(lines, "    "+p.String())
	}
	if !s.Complete && !s.DryRun {
		lines = append(lines, "  NOT COMPLETE: run the same command again to go on where it stopped")
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
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
