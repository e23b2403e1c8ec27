package recount

import (
	"cmp"
	"encoding/json"
	"slices"

	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/step"
)

// gap is the longest pause within a session, in milliseconds.
const gap = 30 * 60 * 1000

// session is what a session says of its touchpoints: of each the first that one of them names.
type session struct {
	channel, campaign, country string
	signed                     string // the channel that a touchpoint of it says, "" when none does
	first                      int    // index of its first touchpoint

	landing   string
	from      channel.Outside
	begin     event.Millis
	end       event.Millis // of what made it longer
	pageViews int64
}

// Life works out a person's rows of the steps table.
func (in In) Life(j journey.Journey) Life {
	sessions, of := sessionsOf(j.Steps)
	amounts, sent := in.changes(j)
	rows := make([]step.Row, 0, len(j.Steps)+len(j.Stages.Visits))
	for _, v := range j.Stages.Visits {
		if v.Cause.Event == "" { // time made it
			rows = append(rows, step.Row{Person: j.Root, At: v.Entered, Stage: string(v.Stage), Visitor: "returning"})
		}
	}
	rows = append(rows, sent...)
	for i := range j.Steps {
		t, its := &j.Steps[i].Touchpoint, session{first: -1}
		if of[i] >= 0 {
			its = sessions[of[i]]
		}
		row := step.Row{
			Person: j.Root, Identifier: j.Steps[i].Identifier, At: j.Steps[i].At,
			ID: t.ID, Type: t.Type, Source: t.Source, Grade: grades[t.Grade], Event: t.Name, Country: country(t.Country), Page: path(t.Page),
			Device: client(t.Agent).Device, Browser: client(t.Agent).Browser, OS: client(t.Agent).OS,
			Channel: cmp.Or(t.OwnChannel, its.signed, t.UsualChannel, its.channel), Campaign: cmp.Or(t.Marketing.Campaign, its.campaign),
			Session: of[i] + 1, SessionStart: its.first == i,
			SessionChannel: its.channel, SessionCampaign: its.campaign, SessionCountry: its.country,
			LandingPage: its.landing, Referrer: its.from,
			Stage: string(j.Steps[i].Stage), FirstEver: i == 0, Visitor: "returning", Properties: step.SaidOf(t.Properties),
		}
		if len(t.Properties) > 0 {
			said, _ := json.Marshal(t.Properties) // texts by name
			row.Properties = step.Said(said)
		}
		if of[i] == 0 {
			row.Visitor = "new"
		}
		if its.first == i {
			row.SessionPages, row.SessionSeconds = its.pageViews, (int64(its.end-its.begin)+500)/1000
		}
		if o := t.Order; j.Steps[i].Counts {
			currency := cmp.Or(o.Currency, in.Currency)
			row.Order = &step.Order{ID: cmp.Or(o.Of, o.ID), Kind: o.Kind, Amount: o.Amount, Currency: currency}
			if change, found := amounts[i]; found {
				row.Order = change
			}
		}
		rows = append(rows, row)
	}
	// What time made comes first here, and so before a touchpoint of the same millisecond.
	slices.SortStableFunc(rows, func(a, b step.Row) int { return cmp.Compare(a.At, b.At) })
	origins(rows, amounts, in.follow(rows, sessions, j))
	return Life{j, rows}
}

// follow fills in what depends on the rows before: stages, the number of orders, and the cohorts. It gives the month of the first order.
func (in In) follow(rows []step.Row, sessions []session, j journey.Journey) (cohort string) {
	month := func(at event.Millis) string { return in.Calendar.Local(at.Time()).Format("2006-01") }
	stage, orders, entries := "", 0, 0
	for i := range rows {
		r := &rows[i]
		if r.Type == "" && r.Order != nil {
			r.Stage = stage
		}
		r.StageBefore, stage = stage, r.Stage
		if r.Stage != r.StageBefore {
			entries++
		}
		if r.Order != nil && r.Order.Kind == event.Completed {
			orders++
		}
		if orders == 1 && cohort == "" {
			cohort = month(r.At)
		}
		if r.Order != nil {
			r.Order.Number = orders
		}
		r.OrderMonth = cohort
		if len(j.Steps) > 0 {
			r.FirstMonth = month(j.Steps[0].At)
		}
		if len(sessions) > 0 {
			r.FirstChannel = sessions[0].channel
		}
	}
	if entries != len(j.Stages.Visits) {
		panic("recount: the stages after the steps of " + string(j.Root) + " are others than those visited")
	}
	return cohort
}

// sessionsOf finds the sessions of a life, and to which of them each touchpoint belongs; -1 for what nobody did.
func sessionsOf(steps []journey.Step) (sessions []session, of []int) {
	of = make([]int, len(steps))
	last := event.Millis(-gap - 1) // when the person did anything, later orders of a session apart
	for i := range steps {
		t, at := &steps[i].Touchpoint, steps[i].At
		if of[i] = -1; t.Passive || told(steps, i) >= 0 {
			continue
		}
		isNew := len(sessions) == 0 || at-last > gap
		if t.Order != nil && t.Session != "" {
			for k := range i { // the first that names the session, unless it is the one that goes on
				named := steps[k].Touchpoint.Session == t.Session && of[k] >= 0
				if named && (isNew || of[k] != len(sessions)-1) {
					of[i] = of[k]
				}
				if named {
					break
				}
			}
		}
		if of[i] >= 0 {
			continue
		}
		if isNew {
			sessions = append(sessions, session{first: i, begin: at})
		}
		of[i], last = len(sessions)-1, at
		s := &sessions[of[i]]
		s.channel, s.country = cmp.Or(s.channel, t.OwnChannel), cmp.Or(s.country, country(t.Country))
		s.campaign, s.landing = cmp.Or(s.campaign, t.Marketing.Campaign), cmp.Or(s.landing, path(t.Page))
		s.from, s.end = cmp.Or(s.from, outside(*t)), at
		if t.Type == "page" || t.Type == "screen" {
			s.pageViews++
		}
	}
	for i := range steps {
		if by := told(steps, i); by >= 0 {
			of[i] = of[by]
		}
	}
	for n := range sessions {
		sessions[n].signed = sessions[n].channel
		sessions[n].channel = cmp.Or(sessions[n].channel, steps[sessions[n].first].Touchpoint.UsualChannel, "direct")
	}
	return sessions, of
}

// told is the step by which the site told of an order that a server's word counts for, first of all and by the best grade; -1 when it told nothing.
func told(steps []journey.Step, i int) int {
	o := steps[i].Touchpoint.Order
	if o == nil || o.Kind != "" || !steps[i].Counts || steps[i].Touchpoint.Grade != event.Server {
		return -1
	}
	best := -1
	for k := range steps {
		t := &steps[k].Touchpoint
		if t.Order == nil || t.Order.Kind != "" || t.Order.ID != o.ID || t.Order.Scope != o.Scope || t.Grade == event.Server || t.Passive {
			continue
		}
		if best < 0 || isTold(t, &steps[best].Touchpoint) {
			best = k
		}
	}
	return best
}

// isTold says whether a word of a site comes before another: that of a user who is signed in, then the one received first.
func isTold(a, b *event.Touchpoint) bool {
	return cmp.Or(cmp.Compare(b.Grade, a.Grade), cmp.Compare(a.Received, b.Received), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Source, b.Source)) < 0
}
