// Package journey folds the touchpoints of a person, from all identifiers together, into one life: steps in time order, sessions, channels,
// the orders that count and the stages passed. The fold depends only on the set of touchpoints, links and claims, never on how they came.
//
// It does not count anything; package kpi counts what lies in a window.
//
//	j := journey.Fold(root, lines, claims, rules, now)
package journey

import (
	"cmp"
	"slices"
	"time"

	"waymark/shared/domain/agent"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/country"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/page"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/stage"
)

// SessionGap is the longest pause within a session: a touchpoint that comes more than this after the last one begins a new session.
const SessionGap = 30 * time.Minute

// Direct is the channel of a session in which no touchpoint has a sign of its own.
const Direct = "direct"

// UnknownChannel is that of a touchpoint that nobody did and that has no sign of its own.
const UnknownChannel = "unknown"

// Line is one identifier's touchpoints; copies may still be among them.
type Line struct {
	Identifier  event.Identifier
	Touchpoints []event.Touchpoint
}

// Step is one touchpoint in the life of a person.
type Step struct {
	Touchpoint event.Touchpoint
	Identifier event.Identifier
	At         event.Millis // the time that counts: corrected, up to event.SkewTolerance later where the same device clock has an earlier step
	Channel    string       // its own, else its session's, else the usual one of its kind; "" of what nobody did without either
	Session    int          // index into Sessions; NoSession of what nobody did
	Stage      stage.Name   // the stage after this step, "" before any
	Client     agent.Agent  // what its user agent says
	Page       string       // path of its page, by package page
	Counts     bool         // it concerns an order, and of all events that say the same it is the one that counts
}

// NoSession is the session of a step that nobody did.
const NoSession = -1

// IsOrder says whether the step is an order that counts.
func (s *Step) IsOrder() bool { return s.Counts && s.Touchpoint.Order.Kind == event.Completed }

// Order is one of the person's orders that count, with what happened to it, whoever sent that.
type Order struct {
	Step    int // index into Steps
	Changes []profile.Claim
}

// Session is a run of steps.
type Session struct {
	Start, End event.Millis
	Channel    string // of its first step with a sign, else Direct
	Campaign   string // the first that a step names
	Country    string // code of the first that a step names and that is known
	First      int    // index into Steps

	LandingPage string          // path of the first page that a step names
	Referrer    channel.Outside // the first that a step names
	Pages       int             // pages and screens
}

// extend takes the next step into a session.
func extend(session *Session, s *Step, rules Rules) {
	t := &s.Touchpoint
	session.End = s.At
	session.Channel = cmp.Or(session.Channel, t.OwnChannel)
	session.Campaign = cmp.Or(session.Campaign, t.Marketing.Campaign)
	session.Country = cmp.Or(session.Country, t.CountryCode)
	session.LandingPage = cmp.Or(session.LandingPage, s.Page)
	if session.Referrer == (channel.Outside{}) {
		session.Referrer = rules.Referrer(*t)
	}
	if t.Type == event.Page || t.Type == event.Screen {
		session.Pages++
	}
}

// Seconds is how long the session is, from its first step to its last, rounded.
func (s *Session) Seconds() int64 { return int64(s.End.Sub(s.Start).Round(time.Second) / time.Second) }

// Rules are what a life is folded under. They change with releases and settings, and touchpoints do not: what rules say of a touchpoint is
// worked out at each fold.
type Rules struct {
	Model   *stage.Model
	Channel func(event.Touchpoint) string // the channel that a touchpoint itself points to, "" for none
	Bot     func(agent string) string     // why an agent is a program's, "" when it may be a person's
	Passive Passive                       // what nobody did, as when an e-mail is delivered
	Agent   func(text string) agent.Agent // what a user agent says

	Referrer func(event.Touchpoint) channel.Outside // where a touchpoint's referrer is from

	Usual func(*event.Touchpoint) string // where its kind happens when nothing else says so, "" for anywhere; nil for all

	OfServers bool                    // money, orders and the stages that they make come of the word of servers alone
	Latest    func(trait string) bool // traits of which the latest word counts, whoever says it; nil for none

	// What is in quarantine counts as if it had never come. Excludes says so of an event under an identifier, Suspects whether the event behind some
	// evidence need be asked for. Nil for nothing.
	Excludes func(*event.Touchpoint, event.Identifier) bool
	Suspects func(identity.Evidence) bool

	ID string // changes whenever one of them does
}

// Journey is the life of one person up to an instant.
type Journey struct {
	Root       event.Identifier
	Steps      []Step
	Bots       []Step // what programs did under the person's identifiers, in time order: it belongs to no session or stage and counts nowhere
	Sessions   []Session
	Orders     []Order // in time order
	Stages     stage.History
	FirstOrder int // index of the first step that is an order and counts; -1 when there is none
}

// Fold makes the journey of a person. claims says by order key who claims each order; time-driven stage changes are made up to until.
func Fold(root event.Identifier, lines []Line, claims map[string]profile.Claims, rules Rules, until event.Millis) Journey {
	j := Journey{Root: root, FirstOrder: -1}
	claims = rules.counted(claims)
	for _, line := range lines {
		people, bots := partition(rules.derived(rules.Distinct(line, event.Type.Touches)))
		j.Steps = append(j.Steps, steps(line.Identifier, people, claims, rules)...)
		for _, t := range bots {
			j.Bots = append(j.Bots, Step{Touchpoint: t, Identifier: line.Identifier, At: t.Corrected, Channel: t.OwnChannel})
		}
	}
	slices.SortFunc(j.Steps, compareSteps)
	slices.SortFunc(j.Bots, compareSteps)
	j.sessions(rules)
	touches := make([]stage.Touch, len(j.Steps))
	for i := range j.Steps {
		s := &j.Steps[i]
		if s.IsOrder() {
			j.Orders = append(j.Orders, Order{Step: i, Changes: claims[profile.OrderKey(*s.Touchpoint.Order)].Changes()})
		}
		touches[i] = stage.Touch{At: s.At, Touchpoint: s.Touchpoint, Channel: s.Channel, NewOrder: s.IsOrder()}
	}
	if len(j.Orders) > 0 {
		j.FirstOrder = j.Orders[0].Step
	}
	j.leaveToOthers(claims)
	j.Stages = rules.Model.Walk(touches, until)
	for i, after := range j.Stages.After {
		j.Steps[i].Stage = after
	}
	return j
}

// Distinct are the events of some types that are stored under one identifier, without copies and without what is in quarantine.
func (r Rules) Distinct(stored Line, of func(event.Type) bool) []event.Touchpoint {
	wanted := make([]event.Touchpoint, 0, len(stored.Touchpoints))
	for i := range stored.Touchpoints {
		if t := &stored.Touchpoints[i]; of(t.Type) && (r.Excludes == nil || !r.Excludes(t, stored.Identifier)) {
			wanted = append(wanted, *t)
		}
	}
	return event.Distinct(wanted)
}

// Traits are what is known of a person by what was said under their identifiers.
func (r Rules) Traits(lines []Line) profile.Traits {
	var said []event.Touchpoint
	for _, line := range lines {
		for _, t := range r.Distinct(line, func(t event.Type) bool { return !t.Touches() }) {
			t.Bot = r.Bot(t.Agent)
			said = append(said, t)
		}
	}
	latest := r.Latest
	if latest == nil {
		latest = func(string) bool { return false }
	}
	return profile.TraitsOf(said, latest)
}

// counted are the claims that may count.
func (r Rules) counted(claims map[string]profile.Claims) map[string]profile.Claims {
	if !r.OfServers {
		return claims
	}
	out := make(map[string]profile.Claims, len(claims))
	for key, all := range claims {
		out[key] = all.OfServers()
	}
	return out
}

// Seen is what a person did, seen as a whole.
type Seen struct {
	Touchpoints int
	First, Last event.Millis   // 0 of who did nothing
	Channels    map[string]int // touchpoints by channel; nil without one
}

// Seen counts all touchpoints. What nobody did shows nobody.
func (j *Journey) Seen() Seen {
	seen := Seen{Touchpoints: len(j.Steps)}
	if len(j.Steps) > 0 {
		seen.Channels = map[string]int{}
	}
	for i := range j.Steps {
		s := &j.Steps[i]
		seen.Channels[cmp.Or(s.Channel, UnknownChannel)]++
		if s.Session == NoSession {
			continue
		}
		if seen.First == 0 {
			seen.First = s.At
		}
		seen.Last = s.At
	}
	return seen
}

// leaveToOthers drops the changes and refunds of orders that are another person's: they count there.
func (j *Journey) leaveToOthers(claims map[string]profile.Claims) {
	own := map[string]bool{}
	for _, o := range j.Orders {
		own[profile.OrderKey(*j.Steps[o.Step].Touchpoint.Order)] = true
	}
	for i := range j.Steps {
		if s := &j.Steps[i]; s.Counts && !s.IsOrder() {
			key, claim, _ := profile.ClaimOf(s.Touchpoint, s.Identifier)
			s.Counts = own[key] || !claims[key].Concerns(claim)
		}
	}
}

// derived fills in what the rules say of touchpoints, in place.
func (r Rules) derived(distinct []event.Touchpoint) []event.Touchpoint {
	for i := range distinct {
		t := &distinct[i]
		t.OwnChannel, t.Bot, t.Passive, t.CountryCode = r.Channel(*t), r.Bot(t.Agent), r.Passive.Of(t), country.Code(t.Country)
		if r.Usual != nil {
			t.UsualChannel = r.Usual(t)
		}
	}
	return distinct
}

// partition parts people's touchpoints from those of bots.
func partition(distinct []event.Touchpoint) (people, bots []event.Touchpoint) {
	if !slices.ContainsFunc(distinct, event.Touchpoint.IsBot) {
		return distinct, nil
	}
	for _, t := range distinct {
		if t.IsBot() {
			bots = append(bots, t)
			continue
		}
		people = append(people, t)
	}
	return people, bots
}

// steps of one identifier, with one device's own order kept: where a clock was corrected, a slow delivery of one batch must not put its
// events after those of the next, so within one clock no step comes before the one before it. Steps of other devices may lie in between.
func steps(id event.Identifier, distinct []event.Touchpoint, claims map[string]profile.Claims, rules Rules) []Step {
	out := make([]Step, len(distinct))
	var clocks []int // the last step of each wrong clock
	for i, t := range distinct {
		out[i] = Step{Touchpoint: t, Identifier: id, At: t.Corrected, Client: rules.Agent(t.Agent), Page: page.Path(t.Page)}
		if key, claim, ok := profile.ClaimOf(t, id); ok {
			out[i].Counts = claims[key].Won(claim)
		}
		if !t.Skewed || t.Future {
			continue
		}
		clock := slices.IndexFunc(clocks, func(last int) bool { return sameClock(distinct[last], t) })
		if clock < 0 {
			clocks = append(clocks, i)
			continue
		}
		if before := out[clocks[clock]].At; before > out[i].At && before.Sub(t.Corrected) <= event.SkewTolerance {
			out[i].At = before
		}
		clocks[clock] = i
	}
	return out
}

// sameClock says whether two corrected touchpoints were stamped by the same wrong clock, that is, corrected by about as much. What a site says moves
// nothing that a server has said.
func sameClock(a, b event.Touchpoint) bool {
	if a.Source != b.Source || a.Grade != b.Grade {
		return false
	}
	apart := (a.Corrected - a.Original).Sub(b.Corrected - b.Original)
	return apart < event.SkewTolerance && apart > -event.SkewTolerance
}

// lenders finds, for each order that a server sent, the step of the person's own visit that told of it first: the site's word of an order does not
// count beside a server's, but it knows where the person was. Steps are by index.
func (j *Journey) lenders() map[int]int {
	var byOrder map[string]int
	for i := range j.Steps {
		t := &j.Steps[i].Touchpoint
		if t.Order == nil || t.Order.Kind != event.Completed || t.Grade == event.Server || t.Passive {
			continue
		}
		if byOrder == nil {
			byOrder = map[string]int{}
		}
		key := profile.OrderKey(*t.Order)
		if at, found := byOrder[key]; !found || identity.EvidenceOf(t).Before(identity.EvidenceOf(&j.Steps[at].Touchpoint)) {
			byOrder[key] = i
		}
	}
	if byOrder == nil {
		return nil
	}
	lenders := map[int]int{}
	for i := range j.Steps {
		s := &j.Steps[i]
		if !s.IsOrder() || s.Touchpoint.Grade != event.Server {
			continue
		}
		if lender, found := byOrder[profile.OrderKey(*s.Touchpoint.Order)]; found {
			lenders[i] = lender
		}
	}
	return lenders
}

func compareSteps(a, b Step) int {
	return cmp.Or(
		cmp.Compare(a.At, b.At),
		cmp.Compare(a.Touchpoint.Original, b.Touchpoint.Original),
		cmp.Compare(a.Touchpoint.ID, b.Touchpoint.ID),
		cmp.Compare(a.Touchpoint.Source, b.Touchpoint.Source),
		cmp.Compare(a.Identifier, b.Identifier),
	)
}

// sessions gives each step its session. What nobody did is in none. An order that a server sent is in that of the site's own word of it, and one that
// names the session of an earlier step is in that one, however long after it came: a shop's server sends it when the payment is there. It does not
// make the session longer, for nobody need have been there.
func (j *Journey) sessions(rules Rules) {
	named, lenders := map[string]int{}, j.lenders()
	for i := range j.Steps {
		s := &j.Steps[i]
		t := &s.Touchpoint
		if _, isLent := lenders[i]; isLent {
			continue
		}
		if t.Passive {
			s.Session = NoSession
			continue
		}
		current := len(j.Sessions) - 1
		isNew := current < 0 || s.At.Sub(j.Sessions[current].End) > SessionGap
		if at, found := named[t.Session]; found && t.Order != nil && (isNew || at != current) {
			s.Session = at
			continue
		}
		if isNew {
			j.Sessions = append(j.Sessions, Session{Start: s.At, First: i})
			current++
		}
		s.Session = current
		if _, found := named[t.Session]; !found && t.Session != "" {
			named[t.Session] = current
		}
		extend(&j.Sessions[current], s, rules)
	}
	for i, lender := range lenders {
		j.Steps[i].Session = j.Steps[lender].Session
	}
	for i := range j.Steps {
		s := &j.Steps[i]
		s.Channel = s.Touchpoint.OwnChannel
		if s.Session != NoSession {
			s.Channel = cmp.Or(s.Channel, j.Sessions[s.Session].Channel)
		}
		s.Channel = cmp.Or(s.Channel, s.Touchpoint.UsualChannel)
	}
	for i := range j.Sessions {
		s := &j.Sessions[i]
		s.Channel = cmp.Or(s.Channel, j.Steps[s.First].Touchpoint.UsualChannel, Direct)
	}
	for i := range j.Steps {
		if s := &j.Steps[i]; s.Session != NoSession {
			s.Channel = cmp.Or(s.Channel, j.Sessions[s.Session].Channel)
		}
	}
}
