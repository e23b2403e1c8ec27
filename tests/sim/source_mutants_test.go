//go:build mutants

package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sourceMutant is the system's own source with one text of a file in the place of another: a definition of docs/kpi.md
// or docs/steps.md that is taken otherwise.
type sourceMutant struct{ file, text, becomes string }

const (
	journeyFile = "shared/domain/journey/journey.go"
	stepFile    = "shared/domain/step/step.go"
	deviceFile  = "shared/domain/agent/device.go"
	cellFile    = "shared/domain/measure/cell.go"
	pageFile    = "shared/domain/measure/page.go"
	totalsFile  = "shared/domain/measure/totals.go"
	shareFile   = "shared/domain/measure/share.go"
	rulesFile   = "shared/model/compiled.go"
	ledgerFile  = "shared/domain/ledger/ledger.go"
	saleFile    = "shared/domain/profile/sale.go"
	stateFile   = "shared/domain/ledger/state.go"
	planFile    = "shared/settle/plan.go"
	prepareFile = "shared/settle/prepare.go"

	ofOrder = "Channel: r.SessionChannel, Campaign: r.SessionCampaign,"
)

// sourceMutants are mistakes in what is counted, of each kind of dimension and measure.
var sourceMutants = map[string]sourceMutant{
	"a visitor is new on the first day":   {stepFile, "if s.Session == 0 {", "if s.At.Day() == m.Steps[0].At.Day() {"},
	"a visitor is new at the first step":  {stepFile, "if s.Session == 0 {", "if i == 0 {"},
	"first month in UTC":                  {stepFile, "m.place.Month(m.Steps[0].At)", "m.Steps[0].At.Day()[:7]"},
	"order month in UTC":                  {stepFile, "m.place.Month(s.At)", "s.At.Day()[:7]"},
	"order month of the newest order":     {stepFile, "m.orders++; m.orders == 1", "m.orders++; m.orders >= 1"},
	"order month after the first order":   {stepFile, "row.OrderMonth = m.orderMonth\n\tm.stage", "m.stage"},
	"first channel of the newest session": {stepFile, "m.Sessions[0].Channel", "m.Sessions[len(m.Sessions)-1].Channel"},
	"a touchpoint has no campaign of its session": {
		stepFile, "cmp.Or(row.Campaign, session.Campaign)", "row.Campaign",
	},
	"whoever came before is a new buyer": {stepFile, "r.Order.Number == 1", "r.Order.Number <= 2"},
	"a session has the campaign named last": {
		journeyFile, "session.Campaign, t.Marketing.Campaign", "t.Marketing.Campaign, session.Campaign",
	},
	"a session has the country named last": {
		journeyFile, "session.Country, t.CountryCode", "t.CountryCode, session.Country",
	},
	"a session has the channel signed last": {
		journeyFile, "session.Channel, t.OwnChannel", "t.OwnChannel, session.Channel",
	},
	"a session ends after 30 minutes":              {journeyFile, "> SessionGap", ">= SessionGap"},
	"an order has its touchpoint's campaign":       {stepFile, ofOrder, "Channel: r.SessionChannel, Campaign: r.Campaign,"},
	"an order has its touchpoint's channel":        {stepFile, ofOrder, "Channel: r.Channel, Campaign: r.SessionCampaign,"},
	"a session has its first touchpoint's country": {cellFile, "c[country] = r.SessionCountry", "_ = country"},
	"an order has its session's country":           {cellFile, `{"orders", orderCell`, `{"orders", sessionCell`},
	"tablets are mobiles":                          {deviceFile, ` && !has("Mobile")`, ` && !has("Android")`},
	"whoever bought once bought twice":             {shareFile, "max(d.AtLeast, 1)", "1"},
	"buyers of a currency are orders":              {shareFile, "return wide.Of(d.ofCount(n))", "return wide.Of(n)"},
	"who only lapsed stays in a stage":             {totalsFile, "if all.counts[activities] > 0 {", "if len(f.Entries) > 0 {"},
	"bounces of all sessions": {
		rulesFile, `Numerator: "bounces", Denominator: "page_sessions"`, `Numerator: "bounces", Denominator: "sessions"`,
	},
	"average over buyers": {
		rulesFile, `Numerator: "revenue", Denominator: "priced_orders"`, `Numerator: "revenue", Denominator: "paying_buyers"`,
	},
	"who bought is squared as often as the buyer bought": {shareFile, "case n >= o.least:\n\t\treturn 1", "case n >= o.least:\n\t\treturn n"},

	// what sessions come to, and where they are from
	"a session has the pages of its first day": {
		journeyFile, "session.Pages++", "session.Pages += map[bool]int{true: 1}[s.At.Day() == session.Start.Day()]",
	},
	"a session is as long as on its first day": {
		journeyFile, "s.End.Sub(s.Start)", "min(s.End, s.Start-s.Start%86_400_000+86_400_000).Sub(s.Start)",
	},
	"a late order makes its session longer": {
		journeyFile, "s.Session = at\n\t\t\tcontinue", "s.Session = at\n\t\t\tj.Sessions[at].End = s.At\n\t\t\tcontinue",
	},
	"a session lands on its last page":                {journeyFile, "session.LandingPage, s.Page", "s.Page, session.LandingPage"},
	"a session is from its last referrer":             {journeyFile, "session.Referrer == (channel.Outside{})", "true"},
	"every page is a bounce":                          {cellFile, "r.SessionPages == 1", "r.SessionPages > 0"},
	"who is on one page is on no other":               {pageFile, "rest != (Page{})", "len(f.Pages) == 0"},
	"what happens to an order has a grade of its own": {cellFile, "o.OS, o.Grade}", "o.OS, r.Grade}"},
	"whoever was counted before has a page": {
		cellFile, "case ByLandingPage, ByReferrerHost, ByBrowser, ByOS, ByPage:\n\t\treturn 4", "case ByLandingPage:\n\t\treturn 9",
	},

	// what happens to orders, and what nobody does
	"a refund counts where it came": {
		stepFile, "change.Order.Origin, change.OrderMonth = rows[m.rowOf[l.order]].Order.Origin, m.orderMonth", "change.OrderMonth = m.orderMonth",
	},
	"a refund of a cancelled order is taken off too": {saleFile, "change.Kind == event.Cancelled", "false"},
	"an update adds the whole order":                 {saleFile, "amount.Add(-b.worth)", "amount.Add(0)"},
	"an update from before the order counts":         {saleFile, " || change.At < b.since", ""},
	"what others send of orders is lost":             {stepFile, "m.sent = append(m.sent, sale{s, o.Step})", "_ = s"},
	"an order that names its session begins one":     {journeyFile, "found && t.Order != nil &&", "found && false &&"},
	"what is delivered makes active":                 {journeyFile, "if t.Passive {", "if false {"},

	// a zone or a stage model that is changed
	"another zone is no reason to recount":      {planFile, `, " ", r.workspace.Clock()`, ""},
	"nobody moves from one zone to another":     {ledgerFile, "if was.Clock != c.clock {", "if false {"},
	"steps stay on the days of another zone":    {ledgerFile, "if was.Clock == c {", "if true {"},
	"a window keeps the bounds of another zone": {ledgerFile, "|| c.moved[name]", ""},
	"lists keep the days of another zone":       {prepareFile, "b.clocks[p.Zone].Day", "b.clock.Day"},
	"rules that come back recount nobody": {
		stateFile, `s.Recount, s.After = rules, ""`,
		`if s.Recount, s.After = rules, ""; s.Rules == rules { s.Recount = "" }`,
	},
}

// TestMutantsOfTheSource: each mistake in the source is found within a thousand seeds. The oracle must not share it,
// traffic must show it, and what is compared must hold it.
func TestMutantsOfTheSource(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	part, of := 0, 1
	if said := os.Getenv("WAYMARK_MUTANTS"); said != "" { // such as 2/4: a part of them, from 0 on
		if _, err := fmt.Sscanf(said, "%d/%d", &part, &of); err != nil || of < 1 || part < 0 || part >= of {
			t.Fatalf("WAYMARK_MUTANTS is a part such as 0/4 to 3/4, not %q", said)
		}
	}
	for i, name := range slices.Sorted(maps.Keys(sourceMutants)) {
		if i%of != part {
			continue
		}
		m := sourceMutants[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := m.build(t, root)
			out, err := exec.CommandContext(t.Context(), program).CombinedOutput()
			if err != nil {
				t.Fatalf("the mutant %q survived 1,000 schedules: %v %s", name, err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// build builds the command untilfirst of a mutant.
func (m sourceMutant) build(t *testing.T, root string) (program string) {
	t.Helper()
	folder, file := t.TempDir(), filepath.Join(root, m.file)
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), m.text); n != 1 {
		t.Fatalf("%s has %q %d times, want once: say the mutant anew", m.file, m.text, n)
	}
	in := func(name string) string { return filepath.Join(folder, name) }
	replace, _ := json.Marshal(map[string]any{"Replace": map[string]string{file: in("changed.go")}}) // never an error
	for name, text := range map[string]string{
		"changed.go": strings.Replace(string(source), m.text, m.becomes, 1), "overlay.json": string(replace),
	} {
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program = in("untilfirst")
	build := []string{"build", "-ldflags=-s -w", "-overlay", in("overlay.json"), "-o", program, "./untilfirst"}
	if out, err := exec.CommandContext(t.Context(), "go", build...).CombinedOutput(); err != nil {
		t.Fatalf("the mutant is no program: %v\n%s", err, out)
	}
	return program
}
