package main

import (
	"cmp"
	"fmt"
	goio "io"
	"iter"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"waymark/shared/adapter/tablefile"
)

const memberWidth = 20 // of a value of a dimension

// kpiLine is one line of the table: the numbers of a window, or of one value of a dimension in it, by metric.
type kpiLine struct {
	start, member string
	cells         map[string]string
	values        map[string]float64 // for bars
}

// kpiColumn is one metric.
type kpiColumn struct {
	name, unit string
	width      int
}

// print writes a table for a terminal of 80 columns. Metrics that have no room beside the others follow in a table of their own.
func (a kpiAnswer) print(w goio.Writer, grain, by string) {
	grain = cmp.Or(grain, "day")
	fmt.Fprintf(w, "%ss in %s, stage model %s\n", grain, a.TimeZone, a.Model)
	if len(a.Rows) == 0 {
		fmt.Fprint(w, "\nNothing is counted in this time. `waymark rollup run` counts what is stored.\n")
	}
	lines, metrics := a.table(grain, by)
	left := len("2006-01-02")
	if grain == "hour" {
		left = len("2006-01-02T15:04Z07:00")
	}
	if by != "" {
		left += 1 + memberWidth
	}
	for len(metrics) > 0 {
		width, n := left, 0
		for n < len(metrics) && (n == 0 || width+2+metrics[n].width <= columns) {
			width += 2 + metrics[n].width
			n++
		}
		printKPITable(w, lines, metrics[:n], left, by)
		metrics = metrics[n:]
	}
	a.printMissing(w)
	a.printFolded(w)
}

func printKPITable(w goio.Writer, lines []kpiLine, metrics []kpiColumn, left int, by string) {
	row := func(first, member string, cell func(kpiColumn) string, bar string) {
		if by != "" {
			first = fmt.Sprintf("%s %s", padded(first, left-1-memberWidth), shortened(member, memberWidth))
		}
		text := padded(first, left)
		for _, c := range metrics {
			text += fmt.Sprintf("  %*s", c.width, cell(c))
		}
		fmt.Fprintln(w, strings.TrimRight(text+bar, " "))
	}
	fmt.Fprintln(w)
	row("", by, func(c kpiColumn) string { return c.name }, "")
	row("", "", func(c kpiColumn) string { return c.unit }, "")
	most, room := 0.0, columns-left-2-metrics[0].width-2
	for _, l := range lines {
		most = max(most, l.values[metrics[0].name])
	}
	for _, l := range lines {
		bar := ""
		if len(metrics) == 1 && room >= barLeast {
			bar = "  " + barOf(l.values[metrics[0].name], most, min(room, barWidth))
		}
		row(l.start, l.member, func(c kpiColumn) string { return l.cells[c.name] }, bar)
	}
}

// padded fills text up with blanks.
func padded(text string, width int) string {
	return text + strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0))
}

// table turns rows, one for each number, into lines and columns. Windows and metrics keep their order.
func (a kpiAnswer) table(grain, by string) (lines []kpiLine, metrics []kpiColumn) {
	type place struct{ start, member string }
	index, order := map[place]int{}, map[string]int{}
	for _, r := range a.Rows {
		at := place{r.Start, r.Dimensions[by]}
		if _, found := order[at.start]; !found {
			order[at.start] = len(order)
		}
		i, found := index[at]
		if !found {
			i = len(lines)
			index[at], lines = i, append(lines, kpiLine{at.start, at.member, map[string]string{}, map[string]float64{}})
		}
		text := cellText(r)
		lines[i].cells[r.Metric] = text
		lines[i].values[r.Metric], _ = strconv.ParseFloat(string(r.Value), 64) // 0 of what has none
		c := slices.IndexFunc(metrics, func(c kpiColumn) bool { return c.name == r.Metric })
		if c < 0 {
			c, metrics = len(metrics), append(metrics, kpiColumn{r.Metric, r.Unit, max(len(r.Metric), len(r.Unit))})
		}
		metrics[c].width = max(metrics[c].width, utf8.RuneCountInString(text))
	}
	slices.SortStableFunc(lines, func(x, y kpiLine) int {
		return cmp.Or(order[x.start]-order[y.start], strings.Compare(x.member, y.member))
	})
	for i := range lines {
		lines[i].start = startText(lines[i].start, grain)
	}
	return lines, metrics
}

// startText is when a window begins: the day, and of hours the hour with its offset.
func startText(start, grain string) string {
	if grain == "hour" && len(start) > 19 {
		return start[:16] + start[19:]
	}
	return start[:min(len(start), 10)]
}

// cellText is a number as people read it, with the interval that it has: 0.4211 (0.3900–0.4530). A ratio of nothing is n/a.
func cellText(r kpiRow) string {
	if r.Value == "" {
		return "n/a"
	}
	text := numberText(string(r.Value), r.Unit)
	if r.Low != "" {
		text += fmt.Sprintf(" (%s–%s)", numberText(string(r.Low), r.Unit), numberText(string(r.High), r.Unit))
	}
	return text
}

// roundedTo says to how many digits after the point people read numbers of a unit; others are whole or of money.
var roundedTo = map[string]int{"ratio": 4, "seconds": 1, "points": 1}

// numberText has commas between thousands.
func numberText(text, unit string) string {
	digits, isRounded := roundedTo[unit]
	if exact, isNumber := new(big.Rat).SetString(text); isNumber && isRounded {
		text = exact.FloatString(digits)
	}
	whole, part, isBroken := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if isBroken {
		return whole + "." + part
	}
	return whole
}

// printMissing says which metrics the answer leaves out, and when its numbers are not all of one kind.
func (a kpiAnswer) printMissing(w goio.Writer) {
	if a.Recounting {
		const text = "Everybody is being counted anew, because rules or settings have changed: "
		fmt.Fprint(w, "\n", wrapped(text+"until that is done, the numbers hold both.", ""))
	}
	if len(a.Missing) > 0 {
		text := "missing: " + strings.Join(a.Missing, ", ") + ". They are new, and not everybody is counted in them yet; they come by themselves."
		fmt.Fprint(w, "\n", wrapped(text, ""))
	}
}

// printFolded says of what more was counted than has lines of its own.
func (a kpiAnswer) printFolded(w goio.Writer) {
	most := map[string]int{}
	for _, f := range a.Folded {
		most[f.Dimension] = max(most[f.Dimension], f.Members)
	}
	for _, dimension := range slices.Sorted(maps.Keys(most)) {
		text := fmt.Sprintf("folded: up to %d values of %s in a window have no line of their own; (other) has their numbers added up.", most[dimension], dimension)
		if dimension == "currency" {
			text = fmt.Sprintf("folded: amounts in up to %d currencies in a window are not shown.", most[dimension])
		}
		fmt.Fprint(w, "\n", wrapped(text+" --json lists them; docs/kpi.md says which are shown.", ""))
	}
}

// kpiColumns are those of the CSV.
var kpiColumns = []tablefile.Column{
	{Name: "metric", Kind: tablefile.Text},
	{Name: "start", Kind: tablefile.Time},
	{Name: "end", Kind: tablefile.Time},
	{Name: "dimension", Kind: tablefile.Text},
	{Name: "dimension_value", Kind: tablefile.Text},
	{Name: "numerator", Kind: tablefile.Number},
	{Name: "denominator", Kind: tablefile.Number},
	{Name: "n", Kind: tablefile.Number},
	{Name: "value", Kind: tablefile.Number},
	{Name: "unit", Kind: tablefile.Text},
	{Name: "revision", Kind: tablefile.Number},
	{Name: "low", Kind: tablefile.Number},
	{Name: "high", Kind: tablefile.Number},
	{Name: "interval", Kind: tablefile.Text},
}

// writeCSV writes the rows as an export does, so that no spreadsheet runs what somebody sent.
func (a kpiAnswer) writeCSV(w goio.Writer, by string) error {
	rows := iter.Seq[[]string](func(yield func([]string) bool) {
		for _, r := range a.Rows {
			if !yield([]string{
				r.Metric, r.Start, r.End, by, r.Dimensions[by], string(r.Numerator), string(r.Denominator), string(r.N), string(r.Value), r.Unit, string(r.Revision),
				string(r.Low), string(r.High), r.Interval,
			}) {
				return
			}
		}
	})
	_, err := tablefile.WriteCSV(w, kpiColumns, rows)
	return err
}
