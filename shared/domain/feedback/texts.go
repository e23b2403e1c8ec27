package feedback

import (
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/sentiment"
	"waymark/shared/domain/step"
	"waymark/shared/domain/strictjson"
)

// The properties of an event that say what a person said.
const (
	textProperty     = "text"
	languageProperty = "language"
)

// events are those of the catalogue in which a person has the word. What an agent or a chatbot writes is none of them.
const events = "Survey Answered,Feedback Given,Interview Held,Direct Message Received,Product Reviewed,Review Submitted,Rating Given," +
	"Live Chat Message Sent,Chatbot Message,Support Ticket Opened,Support Call Received,Call Received"

// Events lists the events whose texts are read, where nobody names others.
func Events() []string { return strings.Split(events, ",") }

// Reader finds what persons said in their own words, and scores it. It never changes.
type Reader struct {
	languages sentiment.Languages
	language  string // of texts that do not say theirs; "" where nobody says
	events    map[string]bool
}

// Text is what a person said.
type Text struct {
	Words    string
	Language string // code; "" where neither the text nor the question nor the workspace says
	HasWords bool   // there is a lexicon of the language, so that Score is of the text
	sentiment.Score
}

// LanguageParameter is how an analysis that reads texts is told their language.
func LanguageParameter() analysis.Parameter {
	return analysis.Parameter{
		Name: "language", Sentence: "language of texts that do not say theirs by the property language, as a code such as en; " +
			"without it, and without a default in the workspace's lexicons, such texts are not scored",
	}
}

// EventsParameter is how an analysis that reads texts is told where they are.
func EventsParameter() analysis.Parameter {
	return analysis.Parameter{
		Name: "events", IsList: true, Default: events, Sentence: "names of the events whose property text is what the person said",
	}
}

// NewReader reads language and events of a question, and the workspace's lexicons. Faults: Invalid, at the parameter.
func NewReader(q analysis.Question) (*Reader, error) {
	languages, err := sentiment.ParseLanguages(q.Documents["lexicons"])
	if err != nil {
		return nil, err
	}
	r := &Reader{languages: languages, language: languages.Default, events: map[string]bool{}}
	if said := q.Text("language"); said != "" {
		r.language = sentiment.CodeOf(said)
		if _, found := languages.Of(r.language); !found {
			return nil, analysis.Bad("language", "there is no lexicon of %.40q; there are %s, and more can be settled as lexicons", said,
				strings.Join(languages.Codes(), ", "))
		}
	}
	names := q.List("events")
	if len(names) == 0 {
		names = Events()
	}
	for _, name := range names {
		r.events[name] = true
	}
	return r, nil
}

// Columns are those that Of reads.
func (r *Reader) Columns() step.Columns { return step.ColumnsOf(step.Event, step.Properties) }

// Reads says whether a step is of an event whose words are read, if it has any.
func (r *Reader) Reads(row *step.Row) bool { return r.events[row.Event] && row.IsTouchpoint() }

// Of gives what a person said at a step; not ok where they said nothing in words.
func (r *Reader) Of(row *step.Row) (Text, bool) {
	if !r.Reads(row) {
		return Text{}, false
	}
	return r.of(propertiesOf(row))
}

// properties are those that a step has.
type properties struct{ strictjson.Value }

// propertiesOf reads them. What is no JSON has none.
func propertiesOf(row *step.Row) properties {
	v, err := strictjson.Parse(string(row.Properties))
	if err != nil {
		return properties{}
	}
	return properties{v}
}

func (p properties) get(name string) string { return p.Get(name).Scalar() }

func (r *Reader) of(said properties) (Text, bool) {
	t, found := r.words(said)
	if lexicon, hasWords := r.languages.Of(t.Language); found && hasWords {
		t.HasWords, t.Score = true, lexicon.Score(t.Words)
	}
	return t, found
}

// words is what a person said, without its score.
func (r *Reader) words(said properties) (Text, bool) {
	t := Text{Words: strings.TrimSpace(said.get(textProperty)), Language: r.language}
	if t.Words == "" {
		return t, false
	}
	if own := said.get(languageProperty); own != "" {
		t.Language = sentiment.CodeOf(own)
	}
	return t, true
}
