package cost

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"waymark/infra/cost/bill"
)

const (
	width     = 80 // columns of a report
	mostParts = 6  // that are named as the largest
)

// Report is the text of all figures: a summary, compared with the committed figures where there are any, and each
// profile by function and service.
func Report(f Figures, prices bill.Prices, committed Figures) string {
	var out strings.Builder
	out.WriteString(Summary(f, prices, committed))
	for _, m := range f.Profiles {
		fmt.Fprintf(&out, "\n%s", Details(m, prices))
	}
	return out.String()
}

// Summary is one line for each profile, and the idle cost.
func Summary(f Figures, prices bill.Prices, committed Figures) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-13s%18s%18s%18s\n", "", "ingest", "schedules", "together")
	fmt.Fprintf(&out, "%-13s%s  change\n", "", strings.Repeat(fmt.Sprintf("%11s%7s", "units/1000", "$/M"), 3))
	for _, m := range f.Profiles {
		fmt.Fprintf(&out, "%-13s", m.Profile.Name)
		for _, u := range []bill.Usage{m.Ingest.PerMillion(), m.Schedules.PerMillion(), m.PerMillion()} {
			fmt.Fprintf(&out, "%11s%7s", thousandth(u.Operations(), 0), decimal(prices.Dollars(u), 2))
		}
		if before, found := committed.profile(m.Profile.Name); found {
			fmt.Fprintf(&out, "  %s", change(m.PerMillion().Operations(), before.PerMillion().Operations()))
		}
		out.WriteString("\n")
	}
	if f.Idle != nil {
		fmt.Fprintf(&out, "\nIdle: $%s a month of %d days.\n", decimal(prices.Dollars(f.Idle), 2), daysInMonth)
	}
	fmt.Fprintf(&out, "Units are billed operations; prices of %s, %s, no free tiers.\n", prices.Region, prices.Date)
	return out.String()
}

// change is how a number of units differs from a former one.
func change(now, before *big.Rat) string {
	if before.Sign() == 0 {
		return ""
	}
	percent := new(big.Rat).Sub(new(big.Rat).Quo(now, before), big.NewRat(1, 1))
	percent.Mul(percent, big.NewRat(100, 1))
	text := percent.FloatString(1)
	switch {
	case strings.Trim(text, "-0.") == "":
		return "same"
	case !strings.HasPrefix(text, "-"):
		text = "+" + text
	}
	return text + " %"
}

// leastLine and leastSaving are the least dollars per million that have a line of their own.
var (
	leastLine   = big.NewRat(5, 10_000)
	leastSaving = big.NewRat(5, 1_000)
)

// Details is one profile by function and service, its largest parts, and what the settings would change.
func Details(m Measured, prices bill.Prices) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s\n", m.Profile.Name, m.Profile.Title)
	fmt.Fprintf(&out, "%-49s%15s%15s\n%s\n", "", "units per 1,000", "$ per million", strings.Repeat("-", width-1))
	for _, section := range []struct {
		name  string
		usage bill.Usage
	}{{"ingest", m.Ingest.PerMillion()}, {"schedules", m.Schedules.PerMillion()}} {
		writeRow(&out, section.name, section.usage.Operations(), prices.Dollars(section.usage), 1)
		writeLines(&out, section.usage, prices)
	}
	writeRow(&out, "together", m.PerMillion().Operations(), prices.Dollars(m.PerMillion()), 1)
	fmt.Fprintf(&out, "\nlargest parts\n")
	for _, part := range largest(m, prices) {
		fmt.Fprintf(&out, "  %-62s%15s\n", part.what, decimal(part.dollars, 2))
	}
	fmt.Fprintf(&out, "\nwhat a setting would save, at most\n")
	for _, k := range knobs(m) {
		if prices.Dollars(k.saves).Cmp(leastSaving) < 0 {
			continue
		}
		writeRow(&out, "  "+k.what, k.saves.Operations(), prices.Dollars(k.saves), 1)
	}
	return out.String()
}

// writeRow writes a number of millions of parts as units per thousand, and dollars.
func writeRow(out *strings.Builder, what string, perMillion, dollars *big.Rat, decimals int) {
	fmt.Fprintf(out, "%-49s%15s%15s\n", what, thousandth(perMillion, decimals), decimal(dollars, 2))
}

// writeLines writes the lines that cost anything to speak of.
func writeLines(out *strings.Builder, u bill.Usage, prices bill.Prices) {
	function := ""
	rest := bill.Usage{}
	for _, l := range u.Lines() {
		dollars := prices.Dollars(bill.Usage{l: u[l]})
		if dollars.Cmp(leastLine) < 0 {
			rest[l] = u[l]
			continue
		}
		unit, _ := bill.UnitOf(l.Kind)
		name := l.Function
		if name == function {
			name = ""
		}
		function = l.Function
		units := new(big.Rat).Mul(u[l], big.NewRat(1, unit.Parts))
		writeRow(out, fmt.Sprintf("  %-12s%-11s%s", name, unit.Service, unit.Name), units, dollars, 1)
	}
	if len(rest) > 0 {
		writeRow(out, fmt.Sprintf("  %-12sothers, less than $0.0005 each", ""), rest.Operations(), prices.Dollars(rest), 1)
	}
}

// part is a part of a bill.
type part struct {
	what    string
	dollars *big.Rat
}

// largest are the largest parts by function and service, of both sections.
func largest(m Measured, prices bill.Prices) []part {
	byName := map[string]*big.Rat{}
	all := m.PerMillion()
	for _, l := range all.Lines() {
		unit, _ := bill.UnitOf(l.Kind)
		name := l.Function + ", " + unit.Service
		if unit.Service == "DynamoDB" {
			name += " " + unit.Name
		}
		if byName[name] == nil {
			byName[name] = new(big.Rat)
		}
		byName[name].Add(byName[name], prices.Dollars(bill.Usage{l: all[l]}))
	}
	var parts []part
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		parts = append(parts, part{name, byName[name]})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(0, a.dollars.Cmp(b.dollars)) })
	return parts[:min(len(parts), mostParts)]
}

// JSON is the figures for programs.
func JSON(f Figures, prices bill.Prices) ([]byte, error) {
	type profile struct {
		Name       string      `json:"name"`
		Units      json.Number `json:"units_per_1000"`
		Dollars    json.Number `json:"dollars_per_million"`
		LambdaTime json.Number `json:"lambda_time_dollars_per_million"` // the part of it that was measured with a clock
	}
	said := struct {
		Profiles []profile    `json:"profiles"`
		Idle     *json.Number `json:"idle_dollars_per_month,omitempty"`
	}{Profiles: []profile{}}
	for _, m := range f.Profiles {
		u := m.PerMillion()
		units := new(big.Rat).Mul(u.Operations(), big.NewRat(1, 1000))
		dollars := prices.Dollars(u)
		time := new(big.Rat).Sub(dollars, prices.Dollars(counted(u)))
		said.Profiles = append(said.Profiles, profile{
			m.Profile.Name, json.Number(units.FloatString(3)), json.Number(dollars.FloatString(4)),
			json.Number(time.FloatString(4)),
		})
	}
	if f.Idle != nil {
		idle := json.Number(prices.Dollars(f.Idle).FloatString(4))
		said.Idle = &idle
	}
	return json.Marshal(said)
}

// Month is what a site of a measured profile pays in a month, and how it comes about.
func Month(m Measured, prices bill.Prices, idle bill.Usage) string {
	perMonth := int64(m.Profile.PerDay) * daysInMonth
	traffic := new(big.Rat).Mul(prices.Dollars(m.PerMillion()), big.NewRat(perMonth, 1_000_000))
	asked := prices.Dollars(idle.Where(func(l bill.Line) bool { return l.Function == pollers }))
	whole := func(n int) string { return decimal(big.NewRat(int64(n), 1), 0) }
	text := fmt.Sprintf("\n%s touchpoints a day are $%s in a month of %d days; at most $%s of\n"+
		"it is what the queue's pollers ask in vain.\n",
		whole(m.Profile.PerDay), decimal(traffic.Add(traffic, asked), 2), daysInMonth, decimal(asked, 2))
	if m.Profile.PerDay > m.Schedules.Touchpoints {
		text += fmt.Sprintf("Played was the first part of a day, with %s touchpoints; what schedules\n"+
			"read grows until its end.\n", whole(m.Schedules.Touchpoints))
	}
	return text
}

// thousandth is a thousandth of a number: of so much for a million touchpoints, what is for a thousand.
func thousandth(perMillion *big.Rat, decimals int) string {
	return decimal(new(big.Rat).Mul(perMillion, big.NewRat(1, 1000)), decimals)
}

// decimal writes a number with so many decimals and commas between thousands.
func decimal(r *big.Rat, decimals int) string {
	text := r.FloatString(decimals)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + whole
}
