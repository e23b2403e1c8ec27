package demo

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// table prints the comparison in 80 columns.
type table struct {
	out   io.Writer
	lines int
	equal int
}

func newTable(out io.Writer) *table { return &table{out: out} }

func (t *table) title(text string) {
	fmt.Fprintf(t.out, "\n%s\n", text)
	fmt.Fprintf(t.out, "%-39s %15s %15s   %s\n%s\n", "", "ours", "expected", "equal", strings.Repeat("-", 79))
}

// fill asks once for each different request and prints one line for each expected number.
func (t *table) fill(ctx context.Context, lines []line, f facts, ask ask) (bool, error) {
	answers := map[query]answer{}
	all := true
	for _, l := range lines {
		q := l.query()
		if _, known := answers[q]; !known && l.asks() {
			said, err := ask(ctx, q)
			if err != nil {
				return false, err
			}
			answers[q] = said
		}
		ours, err := l.ours(f, answers[q])
		if err != nil {
			return false, err
		}
		same := equal(ours, l.want, l.within)
		all = all && same
		t.print(l, ours, same)
	}
	return all, nil
}

func (t *table) print(l line, ours string, same bool) {
	verdict := "DIFFERS"
	t.lines++
	if same {
		verdict = "yes"
		t.equal++
	}
	if ours == "" {
		ours = "none"
	}
	fmt.Fprintf(t.out, "%-39s %15s %15s %s %s\n", clip(l.what, 39), clip(ours, 15), clip(l.want, 15), l.origin, verdict)
}

// clip shortens for the page; the comparison has the whole number.
func clip(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n])
	}
	return text
}

func (t *table) end() {
	fmt.Fprintf(t.out, "\np published with the data, r recounted from the file by separate code\n")
}
