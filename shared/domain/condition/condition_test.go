package condition_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"waymark/shared/domain/condition"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/step"
)

func read(t *testing.T, text string) (condition.Condition, error) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	var spec condition.Spec
	if err := decoder.Decode(&spec); err != nil {
		return condition.Condition{}, err
	}
	return condition.New("metrics.x", spec)
}

// Each condition holds of some of these steps: by their letters.
func TestHolds(t *testing.T) {
	t.Parallel()
	rows := map[string]step.Row{
		"a": {Type: event.Track, Event: "Survey Answered", Channel: "email", StageBefore: "purchase", Stage: "purchase", Properties: `{"score":"9","survey_type":"nps"}`},
		"b": {Type: event.Track, Event: "Survey Sent", Channel: "sms", StageBefore: "purchase", Stage: "post-purchase", Properties: `{"score":"10.0"}`},
		"c": {Type: event.Page, Event: "Cart", Channel: "email", Page: "/cart", Stage: "decision", StageBefore: "decision"},
		"d": {StageBefore: "purchase", Stage: "lapsed"}, // made by time
	}
	for text, want := range map[string][2]string{
		`{}`:                                                     {"abcd", ""},
		`{"type":"track"}`:                                       {"ab", "type track"},
		`{"type":["page","screen"]}`:                             {"c", "type page or screen"},
		`{"name":"Survey Answered"}`:                             {"a", "name Survey Answered"},
		`{"name":["Survey *","Cart"]}`:                           {"abc", "name Survey * or Cart"},
		`{"not_name":"Survey *"}`:                                {"cd", "name not Survey *"},
		`{"channel":"email"}`:                                    {"ac", "channel email"},
		`{"page":{"prefix":"/CART"}}`:                            {"c", "page beginning with /CART"},
		`{"page":{"contains":["x","art"]}}`:                      {"c", "page containing x or art"},
		`{"stage":"purchase"}`:                                   {"a", "stage purchase"},
		`{"enters":["post-purchase","lapsed"]}`:                  {"bd", "entering stage post-purchase or lapsed"},
		`{"properties":{"score":{"at_least":9}}}`:                {"ab", "property score at least 9"},
		`{"properties":{"score":{"at_least":9.5,"at_most":10}}}`: {"b", "property score at least 9.5 and property score at most 10"},
		`{"properties":{"score":{"equals":10}}}`:                 {"b", "property score 10"},
		`{"properties":{"score":{"in":[9,10]},"survey_type":{"in":"nps"}}}`: {"a", "property score 9 or 10 and property survey_type nps"},
		`{"properties":{"survey_type":{"exists":false}}}`:                   {"bcd", "property survey_type not given"},
		`{"properties":{"survey_type":{"prefix":"n"}},"name":"Survey *"}`:   {"a", "name Survey * and property survey_type beginning with n"},
	} {
		c, err := read(t, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := ""
		for _, name := range strings.Split("abcd", "") {
			row := rows[name]
			holds := c.Holds(&row)
			if seen := c.Columns().Only(row); c.Holds(&seen) != holds {
				t.Errorf("%s of step %s is %v, and otherwise of the columns %s alone", text, name, holds, c.Columns())
			}
			if holds {
				got += name
			}
		}
		if got != want[0] || c.String() != want[1] || c.IsZero() != (want[1] == "") {
			t.Errorf("%s holds of %q and says %q, want %q and %q", text, got, c, want[0], want[1])
		}
	}
	if !new(condition.Condition).Holds(&step.Row{}) {
		t.Error("the zero condition holds of no step")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"type":"identify"}`:                   `bad_condition at metrics.x: when.type "identify" is no touchpoint; use track, page or screen`,
		`{"name":"*"}`:                          `bad_condition at metrics.x: when has the name "*"; write a name, or its beginning with one * at the end`,
		`{"stage":""}`:                          `bad_condition at metrics.x: a stage is the name of one, not an empty text`,
		`{"properties":{"a":{}}}`:               `bad_condition at metrics.x: when.properties.a: the comparison "" is unknown; use equals, in, at_least, at_most, prefix or exists`,
		`{"properties":{"a":{"at_least":"x"}}}`: `bad_condition at metrics.x: when.properties.a: at_least needs a decimal number, not "x"`,
		`{"nam":"x"}`:                           `json: unknown field "nam"`,
		`{"properties":{"a":{"is":1}}}`:         `json: unknown field "is"`,
		`{"name":{"x":1}}`:                      `a text, a number or a list of them is needed here, not {"x":1}`,
		`{"name":[null]}`:                       `a text, a number or a list of them is needed here, not null`,
	} {
		_, err := read(t, text)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
		if strings.HasPrefix(want, "bad_condition") && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s is of kind %s", text, fault.KindOf(err))
		}
	}
}
