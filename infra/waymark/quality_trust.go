package main

import (
	"cmp"
	"fmt"
	goio "io"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/quality"
)

// topContested is how many contested orders and identifiers are printed; --json has more.
const topContested = 5

// burstAlert is a burst of new persons, as GET /v1/status and GET /v1/quality tell it.
type burstAlert struct {
	Source  string  `json:"source"`
	From    string  `json:"from"`
	To      string  `json:"to"`
	Persons int     `json:"persons"`
	Usual   int     `json:"usual_persons"`
	PerMin  float64 `json:"persons_per_minute"`
	UsualPM float64 `json:"usual_persons_per_minute"`
	Closed  *string `json:"closed"`
	Command string  `json:"command"`
}

// print writes an alert with its command, which may be copied as it stands.
func (a burstAlert) print(w goio.Writer) {
	state := "ALERT, it goes on"
	if a.Closed != nil {
		state = "alert, over at " + withoutZeros(*a.Closed)
	}
	command := a.Command
	for _, flag := range []string{" --grade", " --from", " --source"} { // from the end, for a name may hold anything
		if at := strings.LastIndex(command, flag+" "); at >= 0 {
			command = command[:at] + " \\\n   " + command[at:]
		}
	}
	fmt.Fprintf(w, "\n%s: %s has %s new persons,\n%.2f a minute, at this hour usually %s, %.2f a minute. To take them out:\n  %s\n",
		state, cut(a.Source, sourceWidth), grouped(a.Persons), a.PerMin, grouped(a.Usual), a.UsualPM, command)
}

// bySource writes a count of each source that is not 0.
func (r qualityReport) bySource(w goio.Writer, what string, of func(quality.Counts) int) {
	counts := map[string]int{}
	for _, row := range r.Rows {
		if n := of(row.Counts); n > 0 {
			counts[cmp.Or(row.Source, "-")] += n
		}
	}
	listed(w, what+", by source", counts)
}

// printTrust writes whose word what is counted rests on, and what is contested.
func (r qualityReport) printTrust(w goio.Writer) {
	if len(r.Shares.BySource) > 0 {
		fmt.Fprintf(w, "\nwhose word it is:\n%-16s %-6s %11s %8s %8s %8s\n", "source", "grade", "touchpoints", "share", "orders", "share")
	}
	for _, part := range r.Shares.BySource {
		fmt.Fprintf(w, "%-16s %-6s %11d %8s %8d %8s\n",
			cut(cmp.Or(part.Source, "-"), sourceWidth), part.Grade, part.Touchpoints, percent(part.TouchpointsShare), part.Orders, percent(part.OrdersShare))
		for _, of := range part.Revenue {
			fmt.Fprintf(w, "%-16s %-6s %33s %s, %s\n", "", "", of.Amount, of.Currency, percent(of.Share))
		}
	}
	if d := r.Orders.Displaced; d.Claims > 0 {
		fmt.Fprintf(w, "\nservers' claims took the place of %s of sites:\n", counted(d.Claims, "claim"))
		for _, of := range d.Amounts {
			fmt.Fprintf(w, "  sites said %s %s, servers %s\n", of.Said, of.Currency, of.Counts)
		}
	}
	r.printContested(w)
}

func (r qualityReport) printContested(w goio.Writer) {
	if n := r.Orders.Orders; n > 0 {
		fmt.Fprintf(w, "\n%s contested, the largest difference first:\n", counted(n, "order"))
	}
	for _, order := range r.Orders.List[:min(len(r.Orders.List), topContested)] {
		fmt.Fprintf(w, "%s: %s of %s, %s %s apart\n",
			cut(order.Order, 24), counted(order.Claims, "claim"), counted(order.Persons, "person"), order.Difference, order.Currency)
		for _, claim := range order.List {
			counts := ""
			if claim.Counts {
				counts = "  counts"
			}
			fmt.Fprintf(w, "  %12s %s %-6s %-16s %s%s\n",
				claim.Amount, claim.Currency, claim.Grade, cut(claim.Source, sourceWidth), cut(cmp.Or(string(claim.User), "-"), 24), counts)
		}
	}
	if n := r.Identifiers.Identifiers; n > 0 {
		fmt.Fprintf(w, "\n%s claimed by several users, most users first:\n", counted(n, "identifier"))
	}
	for _, one := range r.Identifiers.List[:min(len(r.Identifiers.List), topContested)] {
		fmt.Fprintf(w, "%-8s %s\n", kindName(one.Kind), counted(one.Users, "user"))
		for _, claim := range one.List[:min(len(one.List), topContested)] {
			fmt.Fprintf(w, "  %-6s %-16s %s\n", claim.Grade, cut(claim.Source, sourceWidth), cut(string(claim.User), 48))
		}
	}
	if n := r.Orders.Unresolved + r.Identifiers.Unresolved; n > 0 {
		fmt.Fprintf(w, "\n%d more orders and identifiers were not looked up; ask for fewer days.\n", n)
	}
}

func percent(s quality.Share) string { return fmt.Sprintf("%d.%02d%%", s/100, s%100) }

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// cut is a text of so many characters at most.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

func kindName(k event.Kind) string {
	if k == event.Anonymous {
		return "browser"
	}
	return string(k)
}
