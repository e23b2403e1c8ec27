package feedback

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/sentiment"
	"waymark/shared/domain/stats"
	"waymark/shared/domain/step"
)

// effectKey counts persons by the tone of their text and what they did after it.
type effectKey struct {
	tone    sentiment.Tone
	isOpen  bool // the window is not over
	ordered bool
}

// followed counts a person by their first scored text in the period. The first, because which one is the last depends on what they did later.
func (t *tally) followed(life []step.Row, now []spoken) {
	at := slices.IndexFunc(now, func(s spoken) bool { return s.IsScored() })
	if at < 0 {
		return
	}
	s := now[at]
	key := effectKey{tone: s.Tone(), isOpen: s.row.At+t.window >= t.q.Now}
	for i := s.place + 1; i < len(life) && life[i].At <= s.row.At+t.window && life[i].At < t.q.Now; i++ {
		if o := life[i].Order; o != nil && o.Kind == event.Completed {
			key.ordered = true
			break
		}
	}
	t.effect[key]++
}

func (t *tally) effectTable() analysis.Table {
	out := analysis.Table{
		Name: "effect",
		Sentence: "What persons do within " + analysis.LengthOf(length(t.window)) + " after their first scored text in the period, by its tone. Persons and open ones add up to " +
			"all who wrote one. It compares, it does not prove: whoever is angry may differ in other ways too.",
		Columns: []analysis.Column{
			{Name: "tone", Unit: analysis.Text, Sentence: "of the text"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "whose window is over"},
			{Name: "open", Unit: analysis.Persons, Sentence: "whose window is not over, whatever they did; they are in no other column"},
			{Name: "orders", Unit: analysis.Persons, Sentence: "who ordered within the window"},
			{Name: "conversion", Unit: analysis.Ratio, Sentence: "of persons, who ordered within the window"},
			{Name: "difference", Unit: analysis.Ratio, Sentence: "conversion less that of persons whose text had another tone; interval of 95 % by Newcombe"},
		},
	}
	counts := func(tones ...sentiment.Tone) (n, open, k int64) {
		for key, of := range t.effect {
			switch {
			case !slices.Contains(tones, key.tone):
			case key.isOpen:
				open += of
			case key.ordered:
				n, k = n+of, k+of
			default:
				n += of
			}
		}
		return n, open, k
	}
	tones := []sentiment.Tone{sentiment.Positive, sentiment.Neutral, sentiment.Negative}
	all, allOpen, allK := counts(tones...)
	for _, tone := range tones {
		n, open, k := counts(tone)
		difference := analysis.None()
		if n > 0 && all > n {
			d, low, high := stats.Newcombe(allK-k, all-n, k, n)
			difference = analysis.Estimate(d, low, high, all, 4)
		}
		out.Row(analysis.Word(string(tone)), analysis.Count(n), analysis.Count(open), analysis.Count(k), analysis.Rate(k, n), difference)
	}
	out.Row(analysis.Word("all"), analysis.Count(all), analysis.Count(allOpen), analysis.Count(allK), analysis.Rate(allK, all), analysis.None())
	return out
}

// recovery is what became of negative texts.
type recovery struct {
	negative, open, replied int64
	seconds                 []int64 // to the first reply, in any order
	heard, recovered        int64   // texts after which the person wrote again, and those of them with a next text that is not negative
}

func newRecovery() *recovery { return &recovery{} }

func (r *recovery) join(other *recovery) {
	r.negative, r.open, r.replied = r.negative+other.negative, r.open+other.open, r.replied+other.replied
	r.seconds = append(r.seconds, other.seconds...)
	r.heard, r.recovered = r.heard+other.heard, r.recovered+other.recovered
}

// replied counts what happens within the window after each negative text.
func (t *tally) replied(life []step.Row, now []spoken) {
	for _, s := range now {
		if !s.IsScored() || s.Tone() != sentiment.Negative {
			continue
		}
		of := recovery{negative: 1}
		limit := s.row.At + t.window
		for i := s.place + 1; i < len(life) && life[i].At <= limit && life[i].At < t.q.Now; i++ {
			r := &life[i]
			if of.replied == 0 && r.IsTouchpoint() && t.replies[r.Event] {
				of.replied, of.seconds = 1, []int64{int64(r.At-s.row.At) / 1000}
			}
			if text, found := t.reader.Of(r); of.heard == 0 && found && text.IsScored() {
				if of.heard = 1; text.Tone() != sentiment.Negative {
					of.recovered = 1
				}
			}
		}
		if of.replied == 0 && limit >= t.q.Now {
			of.open = 1
		}
		for _, place := range []group{{whole, ""}, {byStage, or(s.row.Stage)}, {byChannel, or(s.row.Channel)}} {
			t.recovery.at(place, newRecovery).join(&of)
		}
	}
}

func (t *tally) recoveryTable() analysis.Table {
	out := analysis.Table{
		Name:     "recovery",
		Sentence: "Negative texts of the period and what followed within " + analysis.LengthOf(length(t.window)) + ". Texts of each part add up to the whole.",
		Columns: append(partColumns(), []analysis.Column{
			{Name: "negative", Unit: analysis.Counts, Sentence: "texts with a compound of at most -0.05"},
			{Name: "open", Unit: analysis.Counts, Sentence: "of them, without a reply so far and with a window that is not over"},
			{Name: "replied", Unit: analysis.Ratio, Sentence: "of those that are not open, which somebody answered by one of the events that replies names"},
			{Name: "reply_median", Unit: analysis.Seconds, Sentence: "from the text to the first reply, of those with one: at most this of half of them"},
			{Name: "reply_p90", Unit: analysis.Seconds, Sentence: "at most this of nine in ten of them"},
			{Name: "recovered", Unit: analysis.Ratio, Sentence: "of those after which the person wrote again, whose next text is not negative"},
		}...),
	}
	for _, part := range []string{whole, byStage, byChannel} {
		for _, place := range places(t, t.recovery, part, func(r *recovery) int64 { return r.negative }) {
			r := t.recovery[place]
			if r == nil {
				continue // a stage without negative texts
			}
			slices.Sort(r.seconds)
			out.Row(analysis.Word(place.part), analysis.Word(place.value), analysis.Count(r.negative), analysis.Count(r.open),
				analysis.Rate(r.replied, r.negative-r.open), Quantile(r.seconds, 50), Quantile(r.seconds, 90), analysis.Rate(r.recovered, r.heard))
		}
	}
	return out
}

// Quantile is the smallest of sorted values that a per cent of them are at most; nothing of none.
func Quantile(sorted []int64, percent int) analysis.Value {
	if len(sorted) == 0 {
		return analysis.None()
	}
	return analysis.Count(sorted[(len(sorted)*percent+99)/100-1])
}

// quoteKey is a shelf of quotes.
type quoteKey struct {
	stage string
	tone  sentiment.Tone
}

// Quote is a text that may be shown.
type Quote struct {
	Text
	At      event.Millis
	Channel string
	Person  event.Identifier
}

// Compare says which of two quotes comes first: the shorter one, of equal length by its letters, of equal texts the earlier one.
func (q Quote) Compare(other Quote) int {
	return cmp.Or(cmp.Compare(utf8.RuneCountInString(q.Words), utf8.RuneCountInString(other.Words)), cmp.Compare(q.Words, other.Words),
		cmp.Compare(q.At, other.At), cmp.Compare(q.Person, other.Person))
}

// Shelf is the first of many quotes, in their order and each text once, whatever order they come in.
type Shelf []Quote

// With is the shelf and a quote, if it is among the first most ones.
func (s Shelf) With(q Quote, most int) Shelf {
	if same := slices.IndexFunc(s, func(other Quote) bool { return other.Words == q.Words }); same >= 0 {
		if q.Compare(s[same]) < 0 {
			s[same] = q
		}
		return s
	}
	place, _ := slices.BinarySearchFunc(s, q, Quote.Compare)
	if place >= most {
		return s
	}
	s = slices.Insert(s, place, q)
	return s[:min(len(s), most)]
}

func (t *tally) quote(now []spoken) {
	for _, s := range now {
		if s.IsScored() {
			t.keep(quoteKey{or(s.row.Stage), s.Tone()}, Quote{s.Text, s.row.At, or(s.row.Channel), s.row.Person})
		}
	}
}

func (t *tally) keep(key quoteKey, q Quote) { t.quoted[key] = t.quoted[key].With(q, t.quotes) }

func (t *tally) quoteTable() analysis.Table {
	out := analysis.Table{
		Name:     "quotes",
		Sentence: "Scored texts by stage and tone, the shortest first and each text once, as they were kept: redacted when they came. All others are left out.",
		Columns: []analysis.Column{
			{Name: "stage", Unit: analysis.Text, Sentence: "after the step of the text"},
			{Name: "tone", Unit: analysis.Text, Sentence: "of the text"},
			{Name: "text", Unit: analysis.Text, Sentence: "what the person said"},
			{Name: "compound", Unit: analysis.Score, Sentence: "its score, -1 to 1"},
			{Name: "words", Unit: analysis.Text, Sentence: "the words that made the score, each with what it adds"},
			{Name: "channel", Unit: analysis.Text, Sentence: "of the step"},
			{Name: "language", Unit: analysis.Text, Sentence: "that it was scored in"},
			{Name: "time", Unit: analysis.Time, Sentence: "of the step"},
		},
	}
	for _, stage := range append(t.ranks.Order(), analysis.Unknown) {
		for _, tone := range []sentiment.Tone{sentiment.Negative, sentiment.Neutral, sentiment.Positive} {
			for _, q := range t.quoted[quoteKey{stage, tone}] {
				out.Row(analysis.Word(stage), analysis.Word(string(tone)), analysis.Word(q.Words), analysis.Number(q.Compound, 4), analysis.Word(Reasons(q.Score)),
					analysis.Word(q.Channel), analysis.Word(q.Language), analysis.Word(t.q.Instant(q.At)))
			}
		}
	}
	return out
}

// Reasons writes the words that made a score, each with what it adds: "great +1.55, good -2.11, !! -0.58".
func Reasons(s sentiment.Score) string {
	var out []string
	for _, w := range s.Words {
		out = append(out, fmt.Sprintf("%s %+.2f", w.Text, w.Valence))
	}
	if s.Emphasis != 0 {
		out = append(out, fmt.Sprintf("emphasis %+.2f", s.Emphasis))
	}
	return strings.Join(out, ", ")
}

func length(of event.Millis) time.Duration { return time.Duration(of) * time.Millisecond }
