package abuse

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"strings"
)

// said is what docs/trust.md says: a line "ID mode: verdict" each.
//
//go:embed testdata/verdicts.txt
var said string

// Lines are verdicts, a line each, as testdata/verdicts.txt has them.
func Lines(verdicts []Verdict) string {
	var out strings.Builder
	for _, v := range verdicts {
		fmt.Fprintf(&out, "%s %s: %s\n", v.Attack.ID, v.Mode, v.shown())
	}
	return out.String()
}

// Expect holds verdicts against what docs/trust.md says of these attacks.
func Expect(verdicts []Verdict) error {
	var others []string
	for line := range strings.Lines(Lines(verdicts)) {
		if !strings.Contains("\n"+said, "\n"+line) {
			others = append(others, strings.TrimSpace(line))
		}
	}
	if len(others) == 0 {
		return nil
	}
	return fmt.Errorf("%d verdicts are not those of docs/trust.md: %s", len(others), strings.Join(others, "; "))
}

// Print writes the verdicts in 80 columns, and below them what failed.
func Print(out io.Writer, verdicts []Verdict) {
	fmt.Fprintf(out, "\n%-49s %s\n%s\n", "attack with the public key alone", "shown by", strings.Repeat("-", 79))
	var last string
	for _, v := range verdicts {
		if v.Attack.ID != last {
			fmt.Fprintf(out, "%-3s %s\n", v.Attack.ID, v.Attack.Title)
			last = v.Attack.ID
		}
		fmt.Fprintf(out, "    %-18s %-26s %.30s\n", v.Mode, v.shown(), v.Sign)
		if v.Cost != "" {
			fmt.Fprintf(out, "%23s%s\n", "", v.Cost)
		}
	}
	for _, v := range verdicts {
		if v.Fault != "" {
			fmt.Fprintf(out, "\n%s, %s: FAILED: %s\n", v.Attack.ID, v.Mode, v.Fault)
		}
	}
	fmt.Fprintf(out, "\n+ the attack also added visits or persons of its own, which were taken out again\n")
}

// shown is the verdict with a plus where the attack added something of its own.
func (v Verdict) shown() string {
	if v.IsSafe && v.Adds {
		return v.Text() + " +"
	}
	return v.Text()
}

// The marks in docs/trust.md between which the table stands.
const (
	tableBegin = "<!-- table: made by `make abuse ARGS=\"--docs docs/trust.md\"` -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

// Table is the verdicts as docs/trust.md shows them.
func Table(verdicts []Verdict) string {
	var out strings.Builder
	out.WriteString("| | with the public key alone |")
	for _, m := range Modes() {
		fmt.Fprintf(&out, " %s |", m)
	}
	out.WriteString("\n|---|---|" + strings.Repeat("---|", len(Modes())))
	var last string
	for _, v := range verdicts {
		if v.Attack.ID != last {
			fmt.Fprintf(&out, "\n| %s | %s |", v.Attack.ID, v.Attack.Title)
			last = v.Attack.ID
		}
		fmt.Fprintf(&out, " %s |", v.shown())
	}
	out.WriteString("\n")
	return out.String()
}

// WriteTable puts the table into a file, in the place of the one there.
func WriteTable(file string, verdicts []Verdict) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, _, hasBegin := strings.Cut(string(text), tableBegin)
	_, after, hasEnd := strings.Cut(string(text), tableEnd)
	if !hasBegin || !hasEnd {
		return fmt.Errorf("%s has not both marks of the table:\n%s%s", file, tableBegin, tableEnd)
	}
	return os.WriteFile(file, []byte(before+tableBegin+"\n"+Table(verdicts)+"\n"+tableEnd+after), 0o644)
}
