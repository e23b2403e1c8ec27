package tracker_test

import (
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/assignment"
)

// button is an experiment, and what the tracker reads of it.
var button = assignment.Experiment{ID: "button", Variants: []assignment.Variant{{ID: "control", Weight: 50}, {ID: "green", Weight: 50}, {ID: "blue", Weight: 50}}}

// TestVariant: a visitor has the variant that the rule gives their anonymous id, on every page, and is exposed once; another visitor is exposed anew.
func TestVariant(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.script, s.tag = "/wm.full.js", `data-experiments="price=a:1; `+assignment.Attribute([]assignment.Experiment{button})+`"`
	s.head = `<script>window.waymark = []; waymark.push(['variant', 'button', v => { window.early = v }])</script>`
	p := s.open("/")
	p.until("window.early")
	id := p.text("localStorage.wm_id")
	want := button.Assign(id)
	if got := p.text("early + ' ' + waymark.variant('button') + ' ' + waymark.variant('none')"); got != want+" "+want+" undefined" {
		t.Errorf("%s has %q, want %s", id, got, want)
	}
	s.await(2)
	p.do("next.click()")
	p.until("location.pathname == '/next' && window.early")
	e := find(t, s.await(3), "Experiment Viewed")
	if e.AnonymousID != id || e.Properties["experiment_id"] != "button" || e.Properties["variation_id"] != want {
		t.Errorf("exposed is %q with %v, want %s with %s", e.AnonymousID, e.Properties, id, want)
	}
	p.do("waymark.identify('u1'); waymark.variant('button')")
	p.do("waymark.reset(); window.other = waymark.variant('button')")
	if got, want := p.text("other"), button.Assign(p.text("localStorage.wm_id")); got != want {
		t.Errorf("the next visitor has %s, want %s", got, want)
	}
	s.await(6) // two pages, two exposures, a page that was left, and who the visitor is
	time.Sleep(settled)
	exposures := slices.DeleteFunc(names(s.wire()), func(name string) bool { return name != "track Experiment Viewed" })
	if len(exposures) != 2 {
		t.Errorf("two visitors are exposed %d times: %q", len(exposures), names(s.wire()))
	}
}

// TestVariantOfNobody: who has no id that stays the same has the control, leaves no trace, and is not counted; with consent they are.
func TestVariantOfNobody(t *testing.T) {
	t.Parallel()
	tag := ` data-experiments="` + assignment.Attribute([]assignment.Experiment{button}) + `"`
	for _, attribute := range []string{"data-cookieless", "data-consent"} {
		s := begin(t)
		s.script, s.tag = "/wm.full.js", attribute+tag
		p := s.open("/")
		p.until("window.waymark && waymark.version")
		if got := p.text("waymark.variant('button')"); got != "control" {
			t.Errorf("with %s the variant is %s", attribute, got)
		}
		time.Sleep(settled)
		if got := p.stored(); got != "" || slices.Contains(names(s.wire()), "track Experiment Viewed") {
			t.Errorf("with %s the browser keeps %q, and %q were sent", attribute, got, names(s.wire()))
		}
		if attribute == "data-consent" {
			p.do("waymark.consent(true); window.mine = waymark.variant('button')")
			find(t, s.await(2), "Experiment Viewed")
			if got, want := p.text("mine"), button.Assign(p.text("localStorage.wm_id")); got != want {
				t.Errorf("with consent the variant is %s, want %s", got, want)
			}
			p.do("waymark.consent(false)")
			if got := p.stored() + p.text("waymark.variant('button')"); got != "control" {
				t.Errorf("after consent was taken back %q", got)
			}
		}
	}
}
