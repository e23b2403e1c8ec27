package funnel_test

import (
	"reflect"
	"strings"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/funnel"
)

const declared = `{"funnels": [
  {"name": "checkout", "window": "7d", "exclusions": [{"step": "Payment Failed", "after": 1, "before": 3}],
   "steps": ["page:/cart*", {"step": "Product Added", "optional": true},
     {"name": "pays", "when": {"name": "Order Completed", "properties": {"value": {"at_least": 50}}, "not_name": "Order Refunded"}}]},
  {"name": "any-two", "order": "unordered", "among": "activities", "within": "session", "steps": ["a[x=1]", "b"], "entry": "first", "collapse": "event"}
]}`

func TestParse(t *testing.T) {
	t.Parallel()
	funnels, err := funnel.Parse([]byte(declared))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"checkout: persons who did, one after the other, 1. page:/cart*, 2. Product Added?, " +
			"3. *[value>=50][name Order Completed and name not Order Refunded] (pays) within 7d, without Payment Failed between steps 1 and 3",
		"any-two: persons who did, in any order, 1. a[x=1], 2. b within 30d, in one session, of what they did themselves, repeats of one event passed over, " +
			"from the first time they did the first",
	}
	if got := funnel.Describe(funnels); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	one := func(rest string) string { return `{"funnels":[{"name":"x","steps":["a","b"]` + rest + `}]}` }
	for text, want := range map[string]string{
		`{"funels":[]}`:        `json: unknown field "funels"`,
		one(`,"windows":"7d"`): `json: unknown field "windows"`,
		`{"funnels":[{"name":"x","steps":[{"stp":"a"}]}]}`: `json: unknown field "stp"`,
		`{"funnels":[]} 1`:                                   "something stands behind the document",
		`{"funnels":[{"name":"x"}]}`:                         "bad_funnel at funnels[0]: x: bad_funnel at steps: the funnel has 0 steps; it has from 1 to 24",
		`{"funnels":[{"steps":["a"]}]}`:                      `the name "" must be made of lower-case letters`,
		`{"funnels":[{"name":"stages","steps":["a"]}]}`:      "stages is the funnel of the workspace's stages",
		one(`},{"name":"x","steps":["a"]`):                   "bad_funnel at funnels[1].name: another funnel is called x",
		one(`,"window":"soon"`):                              "window is a length of time such as 30m, 24h or 7d, at most 366d",
		one(`,"order":"sorted"`):                             `the order is ordered, strict or unordered, not "sorted"`,
		one(`,"within":"day"`):                               `within is window, period or session, not "day"`,
		one(`,"among":"mails"`):                              `among is touchpoints, activities, pages or stages, not "mails"`,
		one(`,"entry":"last"`):                               `the entry is any or first, not "last"`,
		one(`,"collapse":"x"`):                               `there is no dimension "x"`,
		one(`,"order":"strict","overlap":true`):              "only of an ordered funnel may one step of a life satisfy several steps",
		one(`,"order":"strict","exclusions":[{"step":"c"}]`): "a strict funnel has no exclusions",
		one(`,"order":"unordered","exclusions":[{"step":"c","after":1,"before":2}]`):                  "the steps of an unordered funnel have no order",
		one(`,"exclusions":[{"step":"c","after":2,"before":1}]`):                                      "it is between steps 2 and 1; these are numbers of two required steps",
		one(`,"exclusions":[{"step":"c","before":2}]`):                                                "it is between steps 0 and 2",
		one(`,"exclusions":[{"step":"c[","after":1,"before":2}]`):                                     "exclusions[0]: the bracket",
		`{"funnels":[{"name":"x","steps":["a?","b"]}]}`:                                               "the first step is optional, but a person enters by it",
		`{"funnels":[{"name":"x","order":"unordered","steps":["a?"]}]}`:                               "all steps are optional, so nobody could convert",
		`{"funnels":[{"name":"x","steps":["a:b"]}]}`:                                                  `there is no dimension "a"`,
		`{"funnels":[{"name":"x","steps":[{"when":{"type":"identify"}}]}]}`:                           `"identify" is no touchpoint`,
		`{"funnels":[{"name":"x","steps":[{"step":"a[b=1]","when":{"properties":{"c":{"in":1}}}}]}]}`: "properties stand in the text of the step and in when",
	} {
		_, err := funnel.Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		said map[string][]string
		want string
	}{
		{"none", nil, "a funnel needs steps: repeat step, or name a funnel of the workspace, or funnel=stages"},
		{"both", map[string][]string{"funnel": {"checkout"}, "step": {"a"}}, `funnel "checkout" has steps of its own`},
		{"unknown", map[string][]string{"funnel": {"chekout"}}, `the workspace has no funnel "chekout"; there are stages, checkout, any-two`},
		{"declared", map[string][]string{"funnel": {"checkout"}}, "checkout: persons who did, one after the other, 1. page:/cart*"},
		{"otherwise", map[string][]string{"funnel": {"checkout"}, "window": {"1h"}}, "(pays) within 1h, without"},
		{"window", map[string][]string{"step": {"a"}, "window": {"1y"}}, "bad_parameter at window: window is a length of time"},
		{"order", map[string][]string{"step": {"a"}, "order": {"x"}}, "bad_parameter at order: order is one of ordered, strict, unordered"},
		{"exclusion", map[string][]string{"step": {"a", "b", "c"}, "without": {"d@2-3", "e@home"}}, "without d between steps 2 and 3, without e@home"},
		{"stages", map[string][]string{"funnel": {"stages"}}, "stages: persons who did, one after the other, 1. stage:see|buy (see), 2. stage:buy (buy) within 30d"},
	} {
		q := question(t, "UTC", "2026-01-01", "2026-02-01", "2026-02-01", c.said)
		q.Documents["funnels"], q.Documents["stages"] = []byte(declared), []byte(`["see","buy"]`)
		f, err := funnel.Asked(q)
		got := ""
		if err == nil {
			got = funnel.Describe([]*funnel.Funnel{f})[0]
		} else {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if err != nil || f.Name != "" {
			continue
		}
		q.Said = f.Parameters()
		if again, err := funnel.Asked(q); err != nil || again.String() != f.String() {
			t.Errorf("%s is asked for as %v, which is %v (%v)", f, q.Said, again, err)
		}
	}
	q := question(t, "UTC", "2026-01-01", "2026-02-01", "2026-02-01", map[string][]string{"funnel": {"stages"}})
	if _, err := funnel.Asked(q); err == nil || !strings.Contains(err.Error(), "give them as steps in their order: step=stage:awareness") {
		t.Errorf("without stages: %v", err)
	}
}
