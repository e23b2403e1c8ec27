package measure

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/step"
)

// Signals are counters that few steps are counted for: a click on an advertisement, an answer to a survey. An entry lists those that it has, so a
// counter more costs nothing for persons who are not counted for it.

// signal is one of them.
type signal struct {
	name     Counter
	sentence string               // what a step is counted for
	events   []string             // names of events of the catalogue that are asked; nil: every step is
	count    func(*reading) int64 // how often; nil: once
	cell     func(*step.Row) Cell // where; nil: where the touchpoint counts
}

// reading is a step whose properties are read once, when they are asked for.
type reading struct {
	*step.Row
	properties map[string]string
	isRead     bool
}

func (r *reading) said() map[string]string {
	if !r.isRead {
		r.properties, r.isRead = r.Properties.All(), true
	}
	return r.properties
}

func whether(holds func(*step.Row) bool) func(*reading) int64 {
	count := when(holds)
	return func(r *reading) int64 { return count(r.Row) }
}

// allSignals lists them. Their places are stored: new ones come last, and what one counts never changes.
func allSignals() []signal {
	return []signal{
		{name: "engaged_touchpoints", sentence: "it is a track event of something the person did, and no mere exposure (named … Viewed, … Seen or … Heard)", count: whether(isEngaged)},
		{name: "stage_advances", sentence: "a touchpoint leads out of a stage into another, in the stage that is left", count: whether(advances), cell: cellBefore},
		{name: "ad_views", events: []string{"Ad Viewed", "Display Ad Viewed", "Social Ad Viewed"}},
		{name: "ad_clicks", events: []string{"Ad Clicked", "Display Ad Clicked", "Social Ad Clicked"}},
		{name: "promotion_views", events: []string{"Promotion Viewed"}},
		{name: "promotion_clicks", events: []string{"Promotion Clicked"}},
		{name: "cta_views", events: []string{"CTA Viewed"}},
		{name: "cta_clicks", events: []string{"CTA Clicked"}},
		{name: "offer_views", events: []string{"Offer Viewed"}},
		{name: "offer_clicks", events: []string{"Offer Clicked"}},
		{name: "list_views", events: []string{"Product List Viewed"}},
		{name: "list_clicks", events: []string{"Product Clicked"}},
		{name: "email_delivered", events: []string{"Email Delivered"}},
		{name: "email_opened", sentence: "a person, and no machine that says so, opened an e-mail", events: []string{"Email Opened"}, count: whether(isDeed)},
		{name: "email_machine_opens", sentence: "a machine opened an e-mail", events: []string{"Email Opened"}, count: whether(isNoDeed)},
		{name: "email_clicked", events: []string{"Email Link Clicked"}},
		{name: "email_bounced", events: []string{"Email Bounced"}},
		{name: "email_attempts", events: []string{"Email Delivered", "Email Bounced"}},
		{name: "email_spam", events: []string{"Email Marked as Spam"}},
		{name: "unsubscribed", events: []string{"Unsubscribed"}},
		{name: "sms_delivered", events: []string{"SMS Delivered"}},
		{name: "sms_clicked", events: []string{"SMS Link Clicked"}},
		{name: "sms_failed", events: []string{"SMS Failed"}},
		{name: "sms_attempts", events: []string{"SMS Delivered", "SMS Failed"}},
		{name: "push_received", events: []string{"Push Notification Received"}},
		{name: "push_tapped", events: []string{"Push Notification Tapped"}},
		{name: "push_bounced", events: []string{"Push Notification Bounced"}},
		{name: "push_attempts", events: []string{"Push Notification Received", "Push Notification Bounced"}},
		{name: "nps_answers", sentence: "a survey of type nps was answered with 0 to 10", events: answered, count: nps.answers},
		{name: "nps_balance", sentence: "as nps_answers: 1 of a promoter (9 or 10), −1 of a detractor (0 to 6)", events: answered, count: npsBalance},
		{name: "nps_extremes", sentence: "as nps_answers, of a promoter or detractor", events: answered, count: func(r *reading) int64 { return npsBalance(r) * npsBalance(r) }},
		{name: "csat_answers", sentence: "a survey of type csat and scale 5 was answered with 1 to 5", events: answered, count: csat.answers},
		{name: "csat_satisfied", sentence: "as csat_answers, with 4 or 5", events: answered, count: csatTop},
		{name: "ces_answers", sentence: "a survey of type ces and scale 7 was answered with 1 to 7", events: answered, count: ces.answers},
		{name: "ces_scores", sentence: "as ces_answers: the score", events: answered, count: ces.scores},
		{name: "referrals", events: []string{"Referral Made", "Invite Sent"}},
		{name: "reviews", events: []string{"Product Reviewed", "Review Submitted", "Rating Given"}},
		{name: "shares", events: []string{"Product Shared", "Social Post Shared", "Cart Shared"}},
	}
}

// signals are those of a step by its name, and those that every step is asked for.
var signals = sync.OnceValue(func() (s struct {
	all     []signal
	byEvent map[string][]int
	ofAny   []int
	byName  map[Counter]int
},
) {
	s.all, s.byEvent, s.byName = allSignals(), map[string][]int{}, map[Counter]int{}
	for place, one := range s.all {
		s.byName[one.name] = place
		for _, name := range one.events {
			s.byEvent[name] = append(s.byEvent[name], place)
		}
		if one.events == nil {
			s.ofAny = append(s.ofAny, place)
		}
	}
	return s
})

// Signals lists the signals in the order of their places, with what a step is counted for.
func Signals() (names []Counter, sentences []string, events [][]string) {
	for _, s := range signals().all {
		sentence := s.sentence
		if sentence == "" {
			sentence = "an event is " + strings.Join(s.events, " or ")
		}
		names, sentences, events = append(names, s.name), append(sentences, sentence), append(events, s.events)
	}
	return names, sentences, events
}

func isDeed(r *step.Row) bool   { return r.IsActivity() }
func isNoDeed(r *step.Row) bool { return !r.IsActivity() }

func isEngaged(r *step.Row) bool {
	if r.Type != event.Track || !r.IsActivity() {
		return false
	}
	for _, exposed := range [...]string{" Viewed", " Seen", " Heard"} {
		if strings.HasSuffix(r.Event, exposed) {
			return false
		}
	}
	return true
}

// advances says whether a touchpoint leads out of a stage. A lapse, which time makes, is no advance.
func advances(r *step.Row) bool { return r.IsTouchpoint() && r.EntersStage() && r.StageBefore != "" }

// cellBefore is a step's cell in the stage that it left.
func cellBefore(r *step.Row) Cell {
	c := cellOf(r)
	c[stage] = r.StageBefore
	return c
}

var answered = []string{"Survey Answered"}

// survey is a kind of survey, which the sender declares: no kind is guessed from the scores.
type survey struct {
	kind        string
	scales      []string // that it may declare; "" for none
	least, most int64
}

var (
	nps  = survey{"nps", []string{"", "10", "11"}, 0, 10}
	csat = survey{"csat", []string{"5"}, 1, 5}
	ces  = survey{"ces", []string{"7"}, 1, 7}
)

// score of an answer to a survey of the kind.
func (s survey) score(r *reading) (score int64, isAnswer bool) {
	said := r.said()
	if !strings.EqualFold(said["survey_type"], s.kind) || !slices.Contains(s.scales, said["scale"]) {
		return 0, false
	}
	number, err := strconv.ParseFloat(strings.TrimSpace(said["score"]), 64)
	score = int64(number)
	return score, err == nil && float64(score) == number && score >= s.least && score <= s.most
}

func (s survey) answers(r *reading) int64 {
	if _, isAnswer := s.score(r); isAnswer {
		return 1
	}
	return 0
}

func (s survey) scores(r *reading) int64 {
	if score, isAnswer := s.score(r); isAnswer {
		return score
	}
	return 0
}

func npsBalance(r *reading) int64 {
	switch score, isAnswer := nps.score(r); {
	case isAnswer && score >= 9:
		return 1
	case isAnswer && score <= 6:
		return -1
	}
	return 0
}

func csatTop(r *reading) int64 {
	if csat.scores(r) >= 4 {
		return 1
	}
	return 0
}

// Extra is how often an entry was counted for a signal.
type Extra struct {
	Place int // among the signals
	N     int64
}

// Extras are by place, sorted, none of them 0. They are written as [place, n, place, n …].
type Extras []Extra

// MarshalJSON writes places and numbers in turn.
func (e Extras) MarshalJSON() ([]byte, error) {
	text := []byte{'['}
	for i, x := range e {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(append(strconv.AppendInt(text, int64(x.Place), 10), ','), x.N, 10)
	}
	return append(text, ']'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *Extras) UnmarshalJSON(text []byte) error {
	var flat []int64
	if err := json.Unmarshal(text, &flat); err != nil {
		return err
	}
	if len(flat)%2 != 0 {
		return fault.Newf(fault.Internal, "bad_totals", "signals are %d numbers, which are no pairs", len(flat))
	}
	*e = nil
	for i := 0; i < len(flat); i += 2 {
		*e = append(*e, Extra{int(flat[i]), flat[i+1]})
	}
	return nil
}

// add counts more for a signal; the list given is changed.
func (e Extras) add(place int, n int64) Extras {
	i, found := slices.BinarySearchFunc(e, place, func(x Extra, place int) int { return x.Place - place })
	if !found {
		return slices.Insert(e, i, Extra{place, n})
	}
	if e[i].N += n; e[i].N == 0 {
		return slices.Delete(e, i, i+1)
	}
	return e
}

func (e Extras) of(place int) int64 {
	for _, x := range e {
		if x.Place == place {
			return x.N
		}
	}
	return 0
}

// signal counts a step for the signals.
func (f *Facts) signal(r *step.Row) {
	known, read := signals(), reading{Row: r}
	for _, places := range [...][]int{known.ofAny, known.byEvent[r.Event]} {
		for _, place := range places {
			s, n := &known.all[place], int64(1)
			if s.count != nil {
				n = s.count(&read)
			}
			if n == 0 || s.events != nil && r.Type != event.Track {
				continue
			}
			cell := cellOf
			if s.cell != nil {
				cell = s.cell
			}
			e := f.entry(cell(r))
			e.Extras = e.Extras.add(place, n)
		}
	}
}
