package main

import (
	"fmt"
	goio "io"
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
}

// shortTime is the day of an instant at which a day begins.
func shortTime(text string) string {
	if day, rest, found := strings.Cut(text, "T"); found && strings.HasPrefix(rest, "00:00:00") {
		return day
	}
	return text
}

// print writes a table. Columns that have no room follow in a table of their own, with the first column again; what room is left has a bar.
func (t *analysisTable) print(out goio.Writer) {
	fmt.Fprintf(out, "\n%s\n%s\n", t.Name, strings.TrimRight(wrapped(t.Sentence, "  "), "\n"))
	if len(t.Rows) == 0 {
		fmt.Fprintln(out, "  (no rows)")
		return
	}
	first, rest := t.column(0), make([]textColumn, 0, len(t.Columns))
	for i := 1; i < len(t.Columns); i++ {
		rest = append(rest, t.column(i))
	}
	for isFirst := true; isFirst || len(rest) > 0; isFirst = false {
		width, n := first.width, 0
		for n < len(rest) && (n == 0 || width+2+rest[n].width <= columns) {
			width += 2 + rest[n].width
			n++
		}
		shown := append([]textColumn{first}, rest[:n]...)
		rest = rest[n:]
		bar := t.bar(isFirst, columns-width-2)
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
		if len(rest) > 0 {
			fmt.Fprintln(out)
		}
	}
}

// textColumn is a column as texts, the header first.
type textColumn struct {
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

func (t *analysisTable) column(at int) textColumn {
	of := t.Columns[at]
	c := textColumn{texts: []string{of.Name}, isWord: of.Unit == analysis.Text || of.Unit == analysis.Date || of.Unit == analysis.Time}
	for _, row := range t.Rows {
		c.texts = append(c.texts, row[of.Name].shown(of.Unit))
	}
	for i, text := range c.texts {
		if i > 0 || c.isWord {
			c.texts[i] = shortened(text, textWidth)
		}
		c.width = max(c.width, utf8.RuneCountInString(c.texts[i]))
	}
	return c
}

// shown is a value for people: a rate in per cent with its interval, "-" where there is none.
func (v analysisValue) shown(unit analysis.Unit) string {
	if v.text == "" {
		if unit == analysis.Text {
			return ""
		}
		return "-"
	}
	if !v.isEstimate {
		return v.text
	}
	show := func(text string) string { return text }
	if unit == analysis.Ratio {
		show = perHundred
	}
	text := show(v.text)
	if v.low != "" && v.high != "" {
		text += fmt.Sprintf(" [%s–%s]", strings.TrimSuffix(show(v.low), "%"), strings.TrimSuffix(show(v.high), "%"))
	}
	return text
}

func perHundred(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(100*f, 'f', 1, 64) + "%"
}

// bar draws the first share of a row, else its first number against the largest; nil where there is no room or nothing to draw.
func (t *analysisTable) bar(isFirst bool, room int) func(map[string]analysisValue) string {
	at := slices.IndexFunc(t.Columns, func(c analysis.Column) bool { return c.Unit == analysis.Ratio })
	most := 1.0
	if at < 0 {
		at = slices.IndexFunc(t.Columns, func(c analysis.Column) bool { return c.Unit == analysis.Persons || c.Unit == analysis.Counts })
		most = 0
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
	return func(row map[string]analysisValue) string {
		if most <= 0 || number(row) <= 0 {
			return ""
		}
		return strings.Repeat("█", max(1, int(number(row)/most*float64(width))))
	}
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
