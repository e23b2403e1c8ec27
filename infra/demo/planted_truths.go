package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// asking makes a request of a workspace and reads its JSON answer into the value, unless that is nil.
type asking func(ctx context.Context, method, path string, body, into any) error

// truth is something that was planted, and what finds it.
type truth struct {
	name     string // of it, in a few words
	question string // path with its query
	// find asks, and says whether it is there, with the numbers that show it.
	find func(t truthOf) (found bool, numbers string, err error)
}

// truthOf is a truth that is being looked for.
type truthOf struct {
	context.Context
	ask      asking
	planted  *planted
	question string
}

// over is the time of the planted workspace, as parameters.
func over(more ...string) string {
	q := url.Values{"from": {plantedBegin.Format(time.DateOnly)}, "to": {plantedEnd().Format(time.DateOnly)}}
	for i := 0; i < len(more); i += 2 {
		q.Add(more[i], more[i+1])
	}
	return "?" + q.Encode()
}

func analysis(name string, more ...string) string { return "/v1/analyses/" + name + over(more...) }

// truths are the answer key. docs/planted.md describes each.
func truths() []truth {
	letter, bot := plantedBegin.AddDate(0, 0, letterDay).Format(time.DateOnly), plantedBegin.AddDate(0, 0, botDay).Format(time.DateOnly)
	out := []truth{
		{"every number is that of the persons", "/v1/kpis" + over("metric", "touchpoints,orders,active_persons,revenue", "grain", "period"), findCounts},
		{"a wave of bots on " + bot + " moves nothing", analysis("changes", "metric", "touchpoints", "metric", "sessions"), func(t truthOf) (bool, string, error) { return findBots(t, bot) }},
		{"persons with two devices are one person each", "/v1/profiles/anon:p0000", findTwins},
		{"phones fail at the payment", analysis("funnel", "step", "Checkout Started", "step", "Checkout Step Viewed", "step", "order", "by", "device"), findPain},
		{"phones in the decision are the worst pain point", analysis("map"), findWorst},
		{"display ads assist, and are never last", analysis("attribution"), findAssist},
		{"the cohort of March goes and stays away", analysis("retention", "grain", "month", "horizon", "1"), findChurn},
		{"texts after the purchase are negative", analysis("sentiment", "language", "en"), findTexts},
		{"a newsletter on " + letter + " is a spike of e-mail", analysis("changes", "metric", "sessions"), func(t truthOf) (bool, string, error) { return findLetter(t, letter) }},
		{"e-mail promises another price than the site", analysis("balance"), findMismatch},
		{"size guides are seen right before orders", analysis("triggers"), findTrigger},
		{"an objective is reached, the next one missed", analysis("objectives"), findObjectives},
	}
	for n, experiment := range plantedExperiments {
		name := "the green button sells more"
		if n > 0 {
			name = "experiment " + experiment + " changes nothing"
		}
		out = append(out, truth{name, analysis("experiments", "experiment", experiment), func(t truthOf) (bool, string, error) { return findVariant(t, n == 0) }})
	}
	return out
}

// answered is what an analysis says.
type answered struct {
	Tables []struct {
		Name string           `json:"name"`
		Rows []map[string]any `json:"rows"`
	} `json:"tables"`
}

func (t truthOf) answer() (a answered, err error) {
	return a, t.ask(t, http.MethodGet, t.question, nil, &a)
}

// rows are those of a table with a text in a column; all of them for no column.
func (a answered) rows(table, column, text string) (out []map[string]any) {
	for _, one := range a.Tables {
		if one.Name != table {
			continue
		}
		for _, row := range one.Rows {
			if column == "" || row[column] == text {
				out = append(out, row)
			}
		}
	}
	return out
}

// number is a value as a number, whatever its form; 0 of nothing.
func number(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case string:
		f, _ := strconv.ParseFloat(v, 64) // a text that is no number is found nowhere
		return f
	case map[string]any:
		return number(v["value"])
	}
	return 0
}

func bound(v any, name string) float64 {
	if of, ok := v.(map[string]any); ok {
		return number(of[name])
	}
	return 0
}

func findCounts(t truthOf) (bool, string, error) {
	var a struct {
		Rows []row `json:"rows"`
	}
	if err := t.ask(t, http.MethodGet, t.question, nil, &a); err != nil {
		return false, "", err
	}
	got := map[string]string{}
	for _, r := range a.Rows {
		got[r.Metric] = plain(r.Value)
	}
	want := map[string]string{
		"touchpoints": strconv.Itoa(t.planted.touches), "orders": strconv.Itoa(t.planted.orders), "active_persons": strconv.Itoa(t.planted.persons),
		"revenue": strconv.Itoa(t.planted.revenue) + ".00",
	}
	var texts []string
	found := true
	for _, metric := range sorted(want) {
		found = found && equal(got[metric], want[metric], "")
		texts = append(texts, fmt.Sprintf("%s %s of %s", metric, got[metric], want[metric]))
	}
	return found, strings.Join(texts, ", "), nil
}

func findBots(t truthOf, day string) (bool, string, error) {
	var a struct {
		Rows []row `json:"rows"`
	}
	next := plantedBegin.AddDate(0, 0, botDay+1).Format(time.DateOnly)
	if err := t.ask(t, http.MethodGet, "/v1/kpis?grain=day&metric=touchpoints&from="+day+"&to="+next, nil, &a); err != nil {
		return false, "", err
	}
	seen := 0.0
	for _, r := range a.Rows {
		seen += number(plain(r.Value))
	}
	changes, err := t.answer()
	found := len(changes.rows("changes", "date", day))
	return int(seen) == t.planted.daily[day] && found == 0,
		fmt.Sprintf("%.0f touchpoints of %d on the day, besides %d of bots; %d changes found", seen, t.planted.daily[day], bots*botPages, found), err
}

func findTwins(t truthOf) (bool, string, error) {
	same := 0
	for _, pair := range t.planted.twins {
		var roots [2]string
		for i, id := range pair {
			var profile struct {
				Person string `json:"person"`
			}
			if err := t.ask(t, http.MethodGet, "/v1/profiles/anon:"+id, nil, &profile); err != nil {
				return false, "", fmt.Errorf("%s: %w", id, err)
			}
			roots[i] = profile.Person
		}
		if roots[0] == roots[1] && roots[0] != "" {
			same++
		}
	}
	return same == len(t.planted.twins), fmt.Sprintf("%d of %d pairs of devices are one person", same, len(t.planted.twins)), nil
}

func findPain(t truthOf) (bool, string, error) {
	a, err := t.answer()
	var last [2]any
	for i, device := range []string{"mobile", "desktop"} {
		for _, row := range a.rows("by", "device", device) {
			if number(row["number"]) == 3 {
				last[i] = row["step_conversion"]
			}
		}
	}
	return bound(last[0], "high") > 0 && bound(last[0], "high") < bound(last[1], "low"), fmt.Sprintf("of %.0f on phones %.0f %% pay, of %.0f on computers %.0f %%",
		bound(last[0], "denominator"), 100*number(last[0]), bound(last[1], "denominator"), 100*number(last[1])), err
}

func findWorst(t truthOf) (bool, string, error) {
	a, err := t.answer()
	for _, row := range a.rows("pain_points", "", "") {
		if number(row["rank"]) != 1 {
			continue
		}
		return row["stage"] == "decision" && row["dimension"] == "device" && row["value"] == "mobile" && row["clear"] == "yes", fmt.Sprintf(
			"rank 1 is %v, %v %v: of %.0f persons %.0f %% go no further, of their peers %.0f %%; at stake %.0f persons, %v %v", row["stage"], row["dimension"], row["value"],
			bound(row["drop_off"], "denominator"), 100*number(row["drop_off"]), 100*number(row["peers_drop_off"]), number(row["persons_at_stake"]), row["currency"], row["revenue_at_stake"]), err
	}
	return false, "no pain point", err
}

func findAssist(t truthOf) (bool, string, error) {
	a, err := t.answer()
	first, last, effect := 0.0, -1.0, 0.0
	for _, row := range a.rows("conversions", "channel", "display") {
		first, last = number(row["first"]), number(row["last"])
	}
	for _, row := range a.rows("removal_effects", "channel", "display") {
		effect = number(row["removal_effect"])
	}
	return last == 0 && effect > .2, fmt.Sprintf("first of %.0f orders and last of %.0f; without it %.0f %% of orders are lost (Markov)", first, last, 100*effect), err
}

func findChurn(t truthOf) (bool, string, error) {
	a, err := t.answer()
	var texts []string
	gone, least := 1.0, 1.0
	for _, row := range a.rows("cohorts", "state", "complete") {
		cohort, _ := row["cohort"].(string)
		if number(row["age"]) != 1 || cohort < plantedBegin.Format("2006-01") {
			continue
		}
		texts = append(texts, fmt.Sprintf("%s %.0f %%", cohort[:min(7, len(cohort))], 100*number(row["share"])))
		if strings.HasPrefix(cohort, fmt.Sprintf("2025-%02d", churnMonth)) {
			gone = bound(row["share"], "high")
		} else {
			least = min(least, bound(row["share"], "low"))
		}
	}
	return gone < least, "back in the month after: " + strings.Join(texts, ", "), err
}

func findTexts(t truthOf) (bool, string, error) {
	a, err := t.answer()
	var texts []string
	found := true
	for _, row := range a.rows("curve", "", "") {
		if number(row["scored"]) == 0 {
			continue
		}
		texts = append(texts, fmt.Sprintf("%s %+.2f", row["stage"], number(row["mean"])))
		switch row["stage"] {
		case "post-purchase", "loyalty":
			found = found && bound(row["mean"], "high") < -.05
		default:
			found = found && bound(row["mean"], "low") > .05
		}
	}
	return found && len(texts) >= 3, "mean of the texts: " + strings.Join(texts, ", "), err
}

func findLetter(t truthOf, day string) (bool, string, error) {
	a, err := t.answer()
	changes := a.rows("changes", "date", day)
	var drivers []map[string]any
	for _, row := range a.rows("drivers", "kind", "spike") {
		if after, _ := row["after"].(string); strings.HasPrefix(after, day) {
			drivers = append(drivers, row)
		}
	}
	if err != nil || len(changes) != 1 || len(drivers) == 0 {
		return false, fmt.Sprintf("%d changes on that day, with %d drivers", len(changes), len(drivers)), err
	}
	first := drivers[0]
	return changes[0]["kind"] == "spike" && first["value"] == "email", fmt.Sprintf(
		"%.0f sessions, %.0f (%.0f to %.0f) expected; %v makes %+.0f of the difference", number(changes[0]["value"]), number(changes[0]["expected"]),
		bound(changes[0]["expected"], "low"), bound(changes[0]["expected"], "high"), first["value"], number(first["difference"])), nil
}

func findMismatch(t truthOf) (bool, string, error) {
	a, err := t.answer()
	rows := a.rows("mismatches", "", "")
	if err != nil || len(rows) != 1 {
		return false, fmt.Sprintf("%d mismatches", len(rows)), err
	}
	r := rows[0]
	return r["id"] == "spring" && r["field"] == "creative", fmt.Sprintf("%v of promotion %v: %v says %v, %v says %v, on %.0f days",
		r["field"], r["id"], r["channel"], r["value"], r["other_channel"], r["other_value"], bound(r["days"], "numerator")), nil
}

func findTrigger(t truthOf) (bool, string, error) {
	a, err := t.answer()
	for _, row := range a.rows("correlations", "value", "Size Guide Viewed") {
		return bound(row["difference"], "low") > .1 && number(row["q"]) < .001, fmt.Sprintf("of %.0f who saw one %.0f %% buy, of the others %.0f %%; q %.6f",
			bound(row["conversion_with"], "denominator"), 100*number(row["conversion_with"]), 100*number(row["conversion_without"]), number(row["q"])), err
	}
	return false, "no such event", err
}

func findObjectives(t truthOf) (bool, string, error) {
	a, err := t.answer()
	status := func(name string) string {
		for _, row := range a.rows("objectives", "objective", name) {
			text, _ := row["status"].(string)
			return text
		}
		return "none"
	}
	return status("orders-sold") == "reached" && status("one-more") == "missed", fmt.Sprintf("%d orders: %s; one more: %s", t.planted.orders, status("orders-sold"), status("one-more")), err
}

func findVariant(t truthOf, works bool) (bool, string, error) {
	a, err := t.answer()
	rows := a.rows("results", "role", "goal")
	if err != nil || len(rows) != 2 {
		return false, fmt.Sprintf("%d variants", len(rows)), err
	}
	r := rows[1]
	verdict := r["verdict"]
	isBetter := verdict == "better"
	isSame := verdict != "better" && verdict != "worse"
	return works && isBetter || !works && isSame, fmt.Sprintf("%.1f %% of %.0f buy, and %.1f %% of %.0f: %v", 100*number(rows[0]["conversion"]), number(rows[0]["persons"]),
		100*number(r["conversion"]), number(r["persons"]), verdict), nil
}
