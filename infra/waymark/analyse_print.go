package main

import (
	"fmt"
	goio "io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"waymark/shared/adapter/tablefile"
	"waymark/shared/domain/analysis"
)

// Widths of a table in a terminal.
const (
	textWidth = 28 // of a text, at most
	leastText = 8  // of a text that is shortened
	barWidth  = 20 // of a bar, at most
	barLeast  = 6
)

// print writes the tables for a terminal of 80 columns.
func (a *analysisAnswer) print(out goio.Writer) {
	fmt.Fprint(out, wrapped(fmt.Sprintf("%s, %s to %s (%s), %d persons with %d steps, stage model %s",
		a.Analysis, shortTime(a.From), shortTime(a.To), a.TimeZone, a.Persons, a.Steps, a.Model), ""))
	for _, t := range a.Tables {
		t.print(out)
	}
	if len(a.Notes) > 0 || a.Recounting {
		fmt.Fprintln(out)
	}
	a.tell(out)
	if slices.ContainsFunc(a.Tables, analysisTable.isShortened) {
		fmt.Fprint(out, "\n", wrapped("Texts that end with … stand in full in --csv and --json.", ""))
	}
}

// isShortened says whether a text has no room.
func (t analysisTable) isShortened() bool {
	return slices.ContainsFunc(t.Rows, func(row map[string]analysisValue) bool {
		return slices.ContainsFunc(t.Columns, func(c analysis.Column) bool {
			return c.Unit == analysis.Text && utf8.RuneCountInString(row[c.Name].text) > textWidth
		})
	})
}

// shortTime is the day of an instant at which a day begins.
func shortTime(text string) string {
	if day, rest, found := strings.Cut(text, "T"); found && strings.HasPrefix(rest, "00:00:00") {
		return day
	}
	return text
}

// print writes a table. Columns that have no room follow in a table of their own, behind those that tell rows apart; what room is left has a bar.
func (t *analysisTable) print(out goio.Writer) {
	fmt.Fprintf(out, "\n%s\n%s\n", t.Name, strings.TrimRight(wrapped(t.Sentence, "  "), "\n"))
	if len(t.Rows) == 0 {
		fmt.Fprintln(out, "  (no rows)")
		return
	}
	keys, rest := t.keys(textWidth), []textColumn{}
	for i := len(keys); i < len(t.Columns); i++ {
		rest = append(rest, t.column(i, textWidth))
	}
	room := columns
	if widthOf(slices.Concat(keys, rest)) > columns {
		room -= barLeast + 2 // the table is in parts, so the first one may have a bar
	}
	for isFirst := true; isFirst || len(rest) > 0; isFirst = false {
		n := 0
		for n < len(rest) && (n == 0 || widthOf(slices.Concat(keys, rest[:n+1])) <= room) {
			n++
		}
		shown := slices.Concat(keys, rest[:n])
		rest = rest[n:]
		t.printPart(out, shown, t.bar(isFirst, shown))
		if len(rest) > 0 {
			fmt.Fprintln(out)
			keys = t.shortKeys()
		}
		room = columns
	}
}

func (t *analysisTable) printPart(out goio.Writer, shown []textColumn, bar func(map[string]analysisValue) string) {
	for line := range len(t.Rows) + 1 {
		var text strings.Builder
		for i, c := range shown {
			if i > 0 {
				text.WriteString("  ")
			}
			text.WriteString(c.cell(line))
		}
		if line > 0 && bar != nil {
			text.WriteString("  " + bar(t.Rows[line-1]))
		}
		fmt.Fprintln(out, strings.TrimRight(text.String(), " "))
	}
}

// mostKeys is how many columns are repeated at most, and keyWidth how wide they are together, where shorter texts can make it so.
const (
	mostKeys = 4
	keyWidth = 44
)

// keys are the columns at the left that tell rows apart, and the texts that follow directly.
func (t *analysisTable) keys(width int) []textColumn {
	n := 1
	for n < min(mostKeys, len(t.Columns)) && !t.tellsApart(n) {
		n++
	}
	for n < min(mostKeys, len(t.Columns)) && t.Columns[n].Unit == analysis.Text {
		n++
	}
	var out []textColumn
	for i := range n {
		out = append(out, t.column(i, width))
	}
	return out
}

// tellsApart says whether no two rows are alike in the first columns.
func (t *analysisTable) tellsApart(n int) bool {
	seen := map[string]bool{}
	for _, row := range t.Rows {
		var key strings.Builder
		for _, c := range t.Columns[:n] {
			key.WriteString(row[c.Name].text + "\x00")
		}
		seen[key.String()] = true
	}
	return len(seen) == len(t.Rows)
}

// shortKeys are the keys with texts so short that something has room beside them.
func (t *analysisTable) shortKeys() []textColumn {
	width := textWidth
	for width > leastText && widthOf(t.keys(width)) > keyWidth {
		width--
	}
	return t.keys(width)
}

func widthOf(of []textColumn) int {
	width := -2
	for _, c := range of {
		width += 2 + c.width
	}
	return width
}

// textColumn is a column as texts, the header first.
type textColumn struct {
	name   string
	texts  []string
	width  int
	isWord bool
}

func (c textColumn) cell(line int) string {
	text := c.texts[line]
	blanks := strings.Repeat(" ", max(c.width-utf8.RuneCountInString(text), 0))
	if c.isWord {
		return text + blanks
	}
	return blanks + text
}

func (t *analysisTable) column(at, width int) textColumn {
	of := t.Columns[at]
	c := textColumn{name: of.Name, texts: []string{of.Name}, isWord: of.Unit == analysis.Text || of.Unit == analysis.Date || of.Unit == analysis.Time}
	for _, row := range t.Rows {
		c.texts = append(c.texts, row[of.Name].shown(of.Unit))
	}
	for i, text := range c.texts {
		if i > 0 || c.isWord {
			c.texts[i] = shortened(printable(text), width)
		}
		c.width = max(c.width, utf8.RuneCountInString(c.texts[i]))
	}
	return c
}

// shown is a value for people: a rate in per cent with its interval, a time in days and hours, a score to four digits, "-" where there is none.
func (v analysisValue) shown(unit analysis.Unit) string {
	if v.text == "" {
		if unit == analysis.Text {
			return ""
		}
		return "-"
	}
	show := func(text string) string { return text }
	switch {
	case unit == analysis.Ratio && v.isEstimate:
		show = perHundred
	case unit == analysis.Seconds:
		show = lasting
	case unit == analysis.Score:
		show = fourDigits
	}
	text := show(v.text)
	if v.low != "" && v.high != "" {
		text += fmt.Sprintf(" [%s–%s]", strings.TrimSuffix(show(v.low), "%"), strings.TrimSuffix(show(v.high), "%"))
	}
	return text
}

// fourDigits shows four digits after the point, of what is less than one the four that say something.
func fourDigits(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if _, after, _ := strings.Cut(text, "."); err != nil || len(after) <= 4 {
		return text
	}
	if math.Abs(f) < 1 {
		return strconv.FormatFloat(f, 'g', 4, 64)
	}
	return strconv.FormatFloat(math.Round(f*1e4)/1e4, 'f', -1, 64)
}

// lasting shows seconds in the two units that say most.
func lasting(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f < 60 {
		return text + "s"
	}
	minutes := int64(math.Round(f / 60))
	switch days, hours := minutes/(24*60), minutes/60%24; {
	case days > 0:
		return fmt.Sprintf("%dd %dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh %dm", hours, minutes%60)
	}
	return fmt.Sprintf("%dm %ds", int64(f)/60, int64(f)%60)
}

func perHundred(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(100*f, 'f', 1, 64) + "%"
}

// bar draws the first share that a part of the table shows, else its first number of persons or times against the largest; nil where there is no room
// or nothing to draw. A bar beside other numbers than its own would mislead.
func (t *analysisTable) bar(isFirst bool, shown []textColumn) func(map[string]analysisValue) string {
	first := func(units ...analysis.Unit) int {
		return slices.IndexFunc(t.Columns, func(c analysis.Column) bool {
			return slices.Contains(units, c.Unit) && slices.ContainsFunc(shown, func(s textColumn) bool { return s.name == c.Name })
		})
	}
	room := columns - widthOf(shown) - 2
	at, most := first(analysis.Ratio), 1.0
	if at < 0 {
		at, most = first(analysis.Persons), 0
	}
	if at < 0 {
		at = first(analysis.Counts)
	}
	if !isFirst || at < 0 || room < barLeast {
		return nil
	}
	name, width := t.Columns[at].Name, min(room, barWidth)
	number := func(row map[string]analysisValue) float64 {
		f, _ := strconv.ParseFloat(row[name].text, 64)
		return f
	}
	for _, row := range t.Rows {
		most = max(most, number(row))
	}
	return func(row map[string]analysisValue) string { return barOf(number(row), most, width) }
}

// barOf draws a number against the largest; none of what is not above 0.
func barOf(value, most float64, width int) string {
	if most <= 0 || value <= 0 {
		return ""
	}
	return strings.Repeat("█", max(1, int(value/most*float64(width))))
}

// writeCSV writes the first table as an export does, so that no spreadsheet runs what somebody sent. A rate or estimate has columns for its parts.
func (a *analysisAnswer) writeCSV(out, said goio.Writer) error {
	a.tell(said)
	if len(a.Tables) == 0 {
		return errNoTables
	}
	if len(a.Tables) > 1 {
		var names []string
		for _, t := range a.Tables {
			names = append(names, t.Name)
		}
		fmt.Fprintf(said, "this is the table %s; --table names another of %s\n", names[0], strings.Join(names, ", "))
	}
	t := &a.Tables[0]
	var header []tablefile.Column
	var parts []func(map[string]analysisValue) string
	for _, c := range t.Columns {
		add := func(name string, kind tablefile.Kind, of func(analysisValue) string) {
			header = append(header, tablefile.Column{Name: c.Name + name, Kind: kind})
			parts = append(parts, func(row map[string]analysisValue) string { return of(row[c.Name]) })
		}
		kind := tablefile.Number
		if c.Unit == analysis.Text || c.Unit == analysis.Date || c.Unit == analysis.Time {
			kind = tablefile.Text
		}
		add("", kind, func(v analysisValue) string { return v.text })
		for _, part := range []struct {
			name string
			of   func(analysisValue) string
		}{
			{"_numerator", func(v analysisValue) string { return v.numerator }},
			{"_denominator", func(v analysisValue) string { return v.denominator }},
			{"_low", func(v analysisValue) string { return v.low }},
			{"_high", func(v analysisValue) string { return v.high }},
			{"_n", func(v analysisValue) string { return v.n }},
		} {
			if slices.ContainsFunc(t.Rows, func(row map[string]analysisValue) bool { return part.of(row[c.Name]) != "" }) {
				add(part.name, tablefile.Number, part.of)
			}
		}
	}
	_, err := tablefile.WriteCSV(out, header, func(yield func([]string) bool) {
		for _, row := range t.Rows {
			cells := make([]string, len(parts))
			for i, part := range parts {
				cells[i] = part(row)
			}
			if !yield(cells) {
				return
			}
		}
	})
	return err
}
