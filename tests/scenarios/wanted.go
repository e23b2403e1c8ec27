package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/model"
)

// expect reads what should be true of everything delivered so far. Events that are not delivered yet arrive before it, together.
func (p *parser) expect(list []string) error {
	p.flush(manner{})
	e := Expectation{}
	if len(list) > 2 && list[0] == "under" {
		if e.Model = list[1]; !slices.Contains(p.scenario.Workspace.Models, e.Model) {
			return fmt.Errorf("the workspace is not run under %q", e.Model)
		}
		list = list[2:]
	}
	if len(list) < 2 {
		return fmt.Errorf("write: expect person, expect stage, expect profile or expect kpi, and what")
	}
	var err error
	switch list[0] {
	case "person":
		e.Person, err = personWanted(list[1:])
	case "stage":
		e.Stage, err = p.stageWanted(list[1:])
	case "profile":
		e.Profile, err = p.profileWanted(list[1:])
	case "kpi":
		e.KPI, err = p.kpiWanted(list[1:])
	default:
		err = fmt.Errorf("%q is nothing to expect; there are person, stage, profile and kpi", list[0])
	}
	if err != nil {
		return err
	}
	p.scenario.Steps = append(p.scenario.Steps, Step{Line: p.line, Expect: &e})
	return nil
}

func personWanted(list []string) (*PersonWanted, error) {
	id, err := event.ParseIdentifier(list[0])
	if err != nil || len(list) < 3 {
		return nil, fmt.Errorf("write: expect person ID is ID, or expect person ID identifiers ID, ID (none for none)")
	}
	if list[1] == "is" {
		root, err := event.ParseIdentifier(list[2])
		return &PersonWanted{ID: id, Root: root}, err
	}
	if list[1] != "identifiers" {
		return nil, fmt.Errorf("%q is nothing to expect of a person; there are is and identifiers", list[1])
	}
	want := &PersonWanted{ID: id, Root: id, Others: []event.Identifier{}}
	for _, part := range parts(list[2:]) {
		if len(part) != 1 {
			return nil, fmt.Errorf("write identifiers with commas between them")
		}
		if part[0] == "none" {
			continue
		}
		other, err := event.ParseIdentifier(part[0])
		if err != nil {
			return nil, err
		}
		want.Others = append(want.Others, other)
	}
	return want, nil
}

func (p *parser) stageWanted(list []string) (*StageWanted, error) {
	id, err := event.ParseIdentifier(list[0])
	if err != nil || len(list) < 3 {
		return nil, fmt.Errorf("write: expect stage ID is STAGE, or expect stage ID history STAGE TIME, STAGE TIME")
	}
	switch list[1] {
	case "is":
		return &StageWanted{ID: id, Current: list[2]}, nil
	case "history":
	default:
		return nil, fmt.Errorf("%q is nothing to expect of a stage; there are is and history", list[1])
	}
	want := &StageWanted{ID: id}
	times := clock{location: p.clock.location}
	for _, part := range parts(list[2:]) {
		if len(part) < 2 {
			return nil, fmt.Errorf("write each stage with the time it was entered at: purchase 2026-03-01 09:00")
		}
		at, took, err := times.read(part[1:])
		if err != nil {
			return nil, err
		}
		if took != len(part)-1 {
			return nil, fmt.Errorf("write the stages with commas between them")
		}
		want.History = append(want.History, part[0]+" "+at.In(p.clock.location).Format(layoutOf("x "+part[len(part)-1])))
	}
	return want, nil
}

// facts of a profile; those of two words are followed by a detail.
var profileFacts = map[string]bool{"touchpoints": false, "orders": false, "revenue": false, "first_seen": false, "last_seen": false, "channel": true, "trait": true}

func (p *parser) profileWanted(list []string) (*ProfileWanted, error) {
	id, err := event.ParseIdentifier(list[0])
	if err != nil || len(list) < 3 {
		return nil, fmt.Errorf("write: expect profile ID touchpoints 3, orders 1, revenue 25.00 GBP, channel email 2, trait plan gold")
	}
	want := &ProfileWanted{ID: id}
	for _, part := range parts(list[1:]) {
		if len(part) == 0 {
			return nil, fmt.Errorf("there is nothing between two commas")
		}
		hasDetail, known := profileFacts[part[0]]
		if !known || len(part) < 2 || hasDetail && len(part) < 3 {
			return nil, fmt.Errorf("%q is no fact of a profile with its value", strings.Join(part, " "))
		}
		name, value := part[0], part[1:]
		if hasDetail {
			name, value = part[0]+" "+part[1], part[2:]
		}
		if part[0] == "revenue" && len(value) != 2 {
			return nil, fmt.Errorf("an amount needs its currency: revenue 25.00 GBP")
		}
		want.Facts = append(want.Facts, Fact{name, strings.Join(value, " ")})
	}
	return want, nil
}

// kpiWanted reads: GRAIN KEY [by DIMENSION VALUE] METRIC NUMBER, METRIC NUMBER …
func (p *parser) kpiWanted(list []string) (*KPIWanted, error) {
	window, rest, err := p.window(list)
	if err != nil {
		return nil, err
	}
	want := &KPIWanted{Window: window}
	if len(rest) > 3 && rest[0] == "by" {
		want.By, want.Value = kpi.Dimension(rest[1]), rest[2]
		if want.By == kpi.Whole || !slices.Contains(measure.Dimensions[:], want.By) {
			return nil, fmt.Errorf("there is no dimension %q", rest[1])
		}
		rest = rest[3:]
	}
	for _, part := range parts(rest) {
		fact, err := number(part)
		if err != nil {
			return nil, err
		}
		want.Facts = append(want.Facts, fact)
	}
	p.windows = append(p.windows, ended{p.line, window.End})
	return want, nil
}

// metricOf is the definition of a metric.
func metricOf(name string) (kpi.Metric, bool) {
	definitions, err := model.Metrics()
	if err != nil {
		panic("scenarios: the built-in metrics are checked by their own test: " + err.Error())
	}
	return definitions.Find(kpi.Name(name))
}

func number(part []string) (Fact, error) {
	if len(part) < 2 {
		return Fact{}, fmt.Errorf("write each metric with its number, and commas between them")
	}
	metric, found := metricOf(part[0])
	if !found {
		return Fact{}, fmt.Errorf("there is no metric %q; docs/kpi.md lists them", part[0])
	}
	if isMoney := metric.Unit == kpi.UnitCurrency; isMoney != (len(part) == 3) {
		return Fact{}, fmt.Errorf("%s is counted in %s: write 25.00 GBP for money, 1/2 for a share, 3 for a count", metric.Name, metric.Unit)
	}
	return Fact{part[0], strings.Join(part[1:], " ")}, nil
}

var quarterKey = regexp.MustCompile(`^(\d{4})-Q([1-4])$`)

// window reads a grain and which one: day 2026-03-01, hour 2026-03-01 09:00, week 2026-03-02, month 2026-03, quarter 2026-Q1, year 2026,
// period 2026-03-01 2026-03-15 (the last day is not in it).
func (p *parser) window(list []string) (period.Window, []string, error) {
	if len(list) < 4 {
		return period.Window{}, nil, fmt.Errorf("write: expect kpi day 2026-03-01 orders 1, revenue 25.00 GBP")
	}
	grain, key, rest := period.Grain(list[0]), list[1], list[2:]
	switch grain {
	case period.Hour:
		times := clock{location: p.clock.location}
		at, took, err := times.read(list[1:])
		return p.calendar.At(period.Hour, at), list[1+took:], err
	case period.Period:
		w, err := p.calendar.ByKey(period.Period, key+"/"+rest[0])
		return w, rest[1:], err
	case period.Month:
		key += "-01"
	case period.Year:
		key += "-01-01"
	case period.Quarter:
		if match := quarterKey.FindStringSubmatch(key); match != nil {
			key = fmt.Sprintf("%s-%02d-01", match[1], 3*int(match[2][0]-'1')+1)
		}
	}
	w, err := p.calendar.ByKey(grain, key)
	if err != nil {
		return w, nil, fmt.Errorf("there is no %s %s: %w", grain, list[1], err)
	}
	return w, rest, nil
}
