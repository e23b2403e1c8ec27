package main

import (
	"encoding/json"
	"fmt"
	goio "io"
	"strings"
	"time"

	"waymark/infra/rebuild"
)

func (f rebuildFlags) print(r rebuild.Report, out goio.Writer) error {
	if f.json {
		return json.NewEncoder(out).Encode(r)
	}
	if f.dropOld {
		_, err := fmt.Fprintf(out, "workspace %s: generation %d is in use, and the only one\n", r.Workspace, r.To)
		return err
	}
	fmt.Fprintf(out, "workspace %s: generation %d to %d, stage model %s\n", r.Workspace, r.From, r.To, r.Model)
	if !f.back {
		fmt.Fprintf(out, "events %s, repeats counted; objects %s\n", grouped(r.Events), grouped(r.Objects))
	}
	if r.Late > 0 {
		fmt.Fprintf(out, "objects that came in meanwhile and were carried over: %s\n", grouped(r.Late))
	}
	const line = "%-13s %12s %11s  %-12.12s  %.12s\n"
	fmt.Fprintf(out, "\n"+line, "PART", "COMPARED", "DIFFERING", fmt.Sprintf("SHA256 OF %d", r.From), fmt.Sprintf("OF %d", r.To))
	for _, p := range r.Parts {
		fmt.Fprintf(out, line, p.Name, grouped(p.Compared), grouped(p.Differing), p.Old, p.New)
	}
	fmt.Fprintf(out, line, "all", "", "", r.Old, r.New)
	for _, p := range r.Parts {
		if p.Differing > 0 {
			fmt.Fprintf(out, "\n%s that differ%s:\n  %s\n", p.Name, more(p.Differing-len(p.Examples)), strings.Join(p.Examples, "\n  "))
		}
	}
	fmt.Fprintln(out)
	total := 0.0
	for _, p := range r.Phases {
		fmt.Fprintf(out, "%8.1f s  %s\n", p.Seconds, p.Name)
		total += p.Seconds
	}
	_, err := fmt.Fprintf(out, "%8.1f s  in all\n\n%s\n", total, f.verdict(r))
	return err
}

func (f rebuildFlags) verdict(r rebuild.Report) string {
	switch {
	case r.Swapped && f.back:
		return fmt.Sprintf("Generation %d is in use again. Generation %d is kept; --drop-old deletes it.", r.To, r.From)
	case r.Swapped:
		return fmt.Sprintf("Generation %d is in use. Generation %d is kept: --back returns to it,\n--drop-old deletes it.", r.To, r.From)
	case r.Equal:
		return fmt.Sprintf("They are equal. Generation %d stays in use; --drop-old deletes generation %d.", r.From, r.To)
	}
	return fmt.Sprintf("They differ. Generation %d stays in use. If that is as it should be:\n--swap always rebuilds and swaps; --drop-old deletes generation %d.", r.From, r.To)
}

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(", without %s more", grouped(n))
}

// grouped writes a number with commas between thousands.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// phaseLine shows what is being done: on a terminal one line that is drawn over, elsewhere a line for each phase and every ten seconds.
type phaseLine struct {
	out      goio.Writer
	terminal bool
	phase    string
	begun    time.Time
	drawn    time.Time
	first    int // done when the phase was seen first
}

func (l *phaseLine) show(p rebuild.Progress) {
	now := time.Now()
	if p.Phase != l.phase {
		l.phase, l.begun, l.drawn, l.first = p.Phase, now, time.Time{}, p.Done
	}
	interval := 10 * time.Second
	if l.terminal {
		interval = 100 * time.Millisecond
	}
	if now.Sub(l.drawn) < interval && p.Done != p.Total {
		return
	}
	l.drawn = now
	line := p.Phase
	if p.Done > 0 {
		line += ": " + grouped(p.Done)
		if p.Total > 0 {
			line += fmt.Sprintf(" of %s (%d %%)", grouped(p.Total), 100*p.Done/p.Total)
		}
		line += " " + p.Unit
		if passed := now.Sub(l.begun).Seconds(); passed >= 1 {
			line += fmt.Sprintf(", %s/s", grouped(int(float64(p.Done-l.first)/passed)))
		}
	}
	if l.terminal {
		fmt.Fprint(l.out, "\r\x1b[2K"+line)
		return
	}
	fmt.Fprintln(l.out, line)
}

// end leaves the line.
func (l *phaseLine) end() {
	if l.terminal && l.phase != "" {
		fmt.Fprint(l.out, "\r\x1b[2K")
	}
}
