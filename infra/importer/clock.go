package importer

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must be the same on every machine

	"go.yaml.in/yaml/v3"
)

// clock reads the instant of a row.
//
// Local times that a change of the clocks makes doubtful follow one rule, the offset in force before the change: of a repeated hour the first
// pass is taken, and a time in the hour that was left out moves forward by the length of the gap.
type clock struct {
	source  value // a column, or a template of several: a day and a time of day
	layouts []layout
	zone    *time.Location
	at      time.Duration // time of day for layouts without one
}

type layout struct {
	text     string // as written in the mapping
	format   string // of package time; "" for the counts since 1970
	absolute bool   // holds an offset or is a Unix time: no zone is needed
	dateOnly bool
}

func (r *mappingReader) clock(n *yaml.Node) *clock {
	c := &clock{}
	zoned, at := false, ""
	sources := 0
	r.fields(n, "time", map[string]func(*yaml.Node){
		"column": func(n *yaml.Node) { sources++; c.source = value{column: r.column(n, "time.column"), kind: "text"} },
		"template": func(n *yaml.Node) {
			sources++
			c.source = value{template: r.template(n, "time.template"), kind: "text"}
		},
		"first": func(n *yaml.Node) { sources++; c.source = value{first: r.firstOf(n, "time.first"), kind: "text"} },
		"layouts": func(n *yaml.Node) {
			c.layouts = []layout{}
			for _, text := range r.texts(n, "time.layouts") {
				l, err := newLayout(text)
				if err != nil {
					r.fail(n, "time.layouts: %v", err)
					continue
				}
				c.layouts = append(c.layouts, l)
			}
		},
		"zone": func(n *yaml.Node) {
			zoned = true
			zone, err := time.LoadLocation(r.text(n, "time.zone"))
			if err != nil || zone == time.Local {
				r.fail(n, "time.zone %q is no time zone; write one of the tz database, for example Europe/London", n.Value)
				return
			}
			c.zone = zone
		},
		"at": func(n *yaml.Node) {
			at = r.text(n, "time.at")
			clock, err := time.Parse("15:04", at)
			if err != nil {
				r.fail(n, "time.at must be a time of day, for example \"12:00\"")
				return
			}
			c.at = time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute
		},
	})
	if sources != 1 || c.layouts == nil {
		r.fail(n, "time needs layouts and one of column, template or first")
	}
	for _, l := range c.layouts {
		if !l.absolute && !zoned {
			r.fail(n, "the layout %q has no offset, so time needs a zone, for example `zone: Europe/London`", l.text)
		}
	}
	return c
}

var offsets = regexp.MustCompile(`Z07|-07`)

func newLayout(text string) (layout, error) {
	switch text {
	case "unix", "unix_ms", "unix_us", "unix_ns":
		return layout{text: text, absolute: true}, nil
	case "rfc3339":
		return layout{text: text, format: time.RFC3339, absolute: true}, nil
	}
	format := oneBlank(text)
	if strings.Contains(text, "%") {
		translated, err := fromStrftime(text)
		if err != nil {
			return layout{}, err
		}
		format = translated
	}
	if strings.Contains(format, "MST") {
		return layout{}, fmt.Errorf("%q reads the abbreviation of a zone, which is ambiguous; use an offset (-0700 or %%z)", text)
	}
	sample := time.Date(2009, 11, 17, 20, 34, 58, 0, time.UTC).Format(format)
	if sample == format || !strings.Contains(format, "06") && !strings.Contains(format, "2006") {
		return layout{}, fmt.Errorf("%q is no time layout with a year: write 2006-01-02 15:04:05, %%Y-%%m-%%d %%H:%%M:%%S, rfc3339, unix, unix_ms, unix_us or unix_ns", text)
	}
	morning := time.Date(2009, 11, 17, 8, 34, 58, 0, time.UTC).Format(format)
	return layout{text: text, format: format, absolute: offsets.MatchString(format), dateOnly: morning == sample}, nil
}

// fromStrftime translates the directives that name parts of a date.
func fromStrftime(text string) (string, error) {
	directives := map[byte]string{
		'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'b': "Jan", 'h': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'j': "002",
		'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'z': "-0700", 'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'R': "15:04", '%': "%",
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		i++
		if i == len(text) || directives[text[i]] == "" {
			return "", fmt.Errorf("%q: the directive at character %d is not known; known are %%Y %%y %%m %%d %%e %%b %%B %%a %%A %%j %%H %%I %%M %%S %%p %%z %%F %%T %%D %%R", text, i)
		}
		b.WriteString(directives[text[i]])
	}
	return b.String(), nil
}

var errNoTime = errors.New("the time is empty")

// of reads the row's instant with the first layout that fits. Blanks of every kind are one, such as the narrow one that newer programs
// print before PM; PM may be pm.
func (c *clock) of(row record) (time.Time, error) {
	text, _, err := c.source.source(row)
	if err != nil {
		return time.Time{}, err
	}
	cell := strings.TrimSpace(oneBlank(text))
	if cell == "" {
		return time.Time{}, errNoTime
	}
	for _, l := range c.layouts {
		for _, form := range []string{cell, strings.ToUpper(cell), strings.ToLower(cell)} {
			if t, ok := c.parse(form, l); ok {
				return t, nil
			}
		}
	}
	return time.Time{}, &badTime{cell, c}
}

func (c *clock) parse(cell string, l layout) (time.Time, bool) {
	if l.format == "" {
		return parseUnix(cell, map[string]int{"unix_ms": 3, "unix_us": 6, "unix_ns": 9}[l.text])
	}
	t, err := time.Parse(l.format, cell)
	if err != nil {
		return time.Time{}, false
	}
	if l.absolute {
		return t.UTC(), true
	}
	if l.dateOnly {
		t = t.Add(c.at)
	}
	return local(t, c.zone), true
}

// badTime is a cell that no layout reads.
type badTime struct {
	cell  string
	clock *clock
}

func (e *badTime) Error() string {
	var tried []string
	for _, l := range e.clock.layouts {
		tried = append(tried, l.text)
	}
	return fmt.Sprintf("%q is no time of the layout %s", e.cell, strings.Join(tried, " or "))
}

// usualLayouts are tried when a cell fits no layout of the mapping, to say which one to add.
var usualLayouts = []string{
	"rfc3339", "2006-01-02 15:04:05Z07:00", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d",
	"%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y %H:%M:%S",
	"%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%m/%d/%Y", "%d-%m-%Y", "%d-%m-%Y %H:%M:%S", "%d %b %Y", "%d %b %Y %H:%M", "%b %d, %Y",
	"Jan 2, 2006, 3:04:05 PM", "Jan 2, 2006 3:04:05 PM", "Jan 2, 2006, 3:04 PM", "Jan 2, 2006 3:04 PM", "%d/%b/%Y:%H:%M:%S %z",
}

// advice names the layouts that would read the cell. A count since 1970 is told by its length: those of one size lie between 2001 and 2286.
func (e *badTime) advice(string) string {
	var fitting []string
	if digits := strings.Trim(e.cell, "0123456789"); digits == "" {
		if unit := map[int]string{10: "unix", 13: "unix_ms", 16: "unix_us", 19: "unix_ns"}[len(e.cell)]; unit != "" {
			fitting = append(fitting, unit)
		}
	}
	for _, text := range usualLayouts {
		l, err := newLayout(text)
		if err != nil || l.format == "" {
			continue
		}
		if _, err := time.Parse(l.format, strings.ToUpper(e.cell)); err == nil {
			fitting = append(fitting, quoted(text))
		}
	}
	switch len(fitting) {
	case 0:
		return ""
	case 1:
		return "; add " + fitting[0] + " to time.layouts"
	}
	return "; add one of " + strings.Join(fitting, " or ") + " to time.layouts"
}

// parseUnix reads a count since 1970: seconds with up to nine decimals, or whole units of which 10^digits make a second.
func parseUnix(cell string, digits int) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(cell, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(fraction) > 9 || len(whole) > 15+max(0, digits-3) {
		return time.Time{}, false
	}
	switch digits {
	case 3:
		return time.UnixMilli(n).UTC(), strings.Trim(fraction, "0") == ""
	case 6:
		return time.UnixMicro(n).UTC(), strings.Trim(fraction, "0") == ""
	case 9:
		return time.Unix(0, n).UTC(), strings.Trim(fraction, "0") == ""
	}
	nanos, err := strconv.ParseUint("0"+fraction+strings.Repeat("0", 9-len(fraction)), 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if strings.HasPrefix(whole, "-") {
		return time.Unix(n, -int64(nanos)).UTC(), true
	}
	return time.Unix(n, int64(nanos)).UTC(), true
}

// local gives the instant at which the clocks of a zone show the wall time that is written in wall as if it were UTC.
func local(wall time.Time, zone *time.Location) time.Time {
	guess := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), zone)
	start, end := guess.ZoneBounds()
	candidates := []int{offset(guess)}
	if !start.IsZero() {
		candidates = append(candidates, offset(start.Add(-time.Nanosecond)))
	}
	if !end.IsZero() {
		candidates = append(candidates, offset(end))
	}
	var first time.Time
	for _, seconds := range candidates {
		t := wall.Add(-time.Duration(seconds) * time.Second)
		if offset(t.In(zone)) == seconds && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if !first.IsZero() {
		return first.UTC()
	}
	// Nobody's clock showed this time: it fell into the gap at one end of the guess's bounds.
	for _, change := range []time.Time{start, end} {
		if change.IsZero() {
			continue
		}
		before, after := offset(change.Add(-time.Nanosecond)), offset(change)
		t := wall.Add(-time.Duration(before) * time.Second)
		if !t.Before(change) && t.Before(change.Add(time.Duration(after-before)*time.Second)) {
			return t.UTC()
		}
	}
	return guess.UTC()
}

func offset(t time.Time) int {
	_, seconds := t.Zone()
	return seconds
}
