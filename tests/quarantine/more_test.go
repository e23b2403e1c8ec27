package quarantine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/memory"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// Accidents of honest people are taken out by what they have in common, and what others sent in the same hour stays.
func TestAccidents(t *testing.T) {
	t.Parallel()
	keepsAll := func(s *system.System) {
		w := shop(t, s)
		w.SetPolicy("site", workspace.NewPolicy())
		if err := s.Table.PutWorkspace(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	imported := func(run string) []string {
		return many(5, func(i int) string {
			return said("track", fmt.Sprint(run, i), fmt.Sprint("i", i), "2026-10-20T10:00:00Z", as(fmt.Sprint("i", i), bought(fmt.Sprint("i", i), "7", "")))
		})
	}
	visit := said("page", "v1", "d", "2026-11-22T13:05:00Z", `,"context":{"campaign":{"source":"news","medium":"email","name":"winter"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"}`)
	for name, c := range map[string]struct {
		honest, all func(s *system.System)
		order       string
	}{
		"a test campaign": {
			func(s *system.System) { s.Send("wk_site", visit) },
			func(s *system.System) {
				s.Send("wk_site", visit, said("page", "t1", "t", "2026-11-22T13:01:00Z", `,"context":{"campaign":{"source":"x","medium":"cpc","name":"test-7"}}`),
					said("identify", "t2", "t", "2026-11-22T13:02:00Z", as("42", `,"context":{"campaign":{"source":"x","medium":"cpc","name":"test-8"}}`)))
			},
			order(`{"campaign":["test*"]}`),
		},
		"an import that ran twice": {
			func(s *system.System) { s.Send("wk_till", imported("a")...) },
			func(s *system.System) {
				s.Send("wk_till", imported("a")...)
				s.Now = begun.Add(15 * time.Minute)
				s.Send("wk_till", imported("b")...)
			},
			fmt.Sprintf(`{"source":"till","received":{"from":%q,"to":%q}`, begun.Add(15*time.Minute).Format(time.RFC3339), ended.Format(time.RFC3339)),
		},
		"a broken release": {
			func(s *system.System) { s.Send("wk_site", visit) },
			func(s *system.System) {
				s.Send("wk_site", visit, said("track", "r1", "d", "2026-11-22T13:06:00Z", bought("r1", "99999", `,"release":"2.4.0"`)),
					said("track", "r2", "b", "2026-11-22T13:06:00Z", bought("1004", "1", `,"release":"2.4.0"`)))
			},
			order(`{"properties":[{"name":"release","is":"equals","values":["2.4.0"]}]}`),
		},
		"programs and names": {
			func(s *system.System) { s.Send("wk_site", visit) },
			func(s *system.System) {
				s.Send("wk_site", visit, said("track", "p1", "d", "2026-11-22T13:06:00Z", `,"event":"Product Viewed","context":{"userAgent":"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile Safari/604.1"}`))
			},
			order(`{"type":["track"],"name":["Product *"],"grade":["public"],"device":["mobile"]}`),
		},
	} {
		clean := stored(t, played(t, keepsAll, c.honest))
		s := played(t, keepsAll, c.all)
		hit := stored(t, s)
		if strings.Join(hit, "") == strings.Join(clean, "") {
			t.Errorf("%s changes nothing", name)
		}
		id := apply(t, s, c.order)
		s.Settle()
		same(t, name+" in quarantine", stored(t, s), clean)
		lift(t, s, id)
		s.Settle()
		same(t, name+" lifted", stored(t, s), hit)
	}
}

// What the same attack brings after the quarantine was applied is in it as well, and so is what was received before and comes out of the queue late.
func TestItGoesOn(t *testing.T) {
	t.Parallel()
	const name = "B two users are one"
	clean := stored(t, played(t, nil, nil))
	var kept []memory.Message
	s := played(t, nil, func(s *system.System) {
		send(s, "wk_site", attacks[name]())
		s.Settle()
		apply(t, s, order("{}")) // to the end of the hour
		s.Advance(5 * time.Minute)
		send(s, "wk_site", attacks["G somebody's history"]())
		s.Settle()
		s.Post("wk_site", said("page", "late", "late", "2026-11-22T13:00:00Z", as("42", "")))
		kept = s.Queue.Take(10)
	})
	s.Deliver(kept...)
	s.Settle()
	same(t, "while it goes on", stored(t, s), clean)
}

var errDied = errors.New("the process died")

// A process that dies between any two calls of apply, lift and the counting after them leaves what the next ones finish.
func TestCrashAtEveryCall(t *testing.T) {
	t.Parallel()
	small := func(s *system.System) { s.AtOnce = 4 }
	attack := func(s *system.System) {
		send(s, "wk_site", attacks["A somebody's mailbox and device"]())
		send(s, "wk_site", attacks["C orders and messages of others"]()[498:503])
	}
	clean := stored(t, played(t, small, nil))
	s := played(t, small, attack)
	hit := stored(t, s)
	do := func(isLift bool) error {
		method, path, body := http.MethodPost, "/v1/quarantines", order("{}")+"}"
		if isLift {
			all := shop(t, s).Quarantines
			method, path, body = http.MethodDelete, "/v1/quarantines/"+all[len(all)-1].ID, ""
		}
		if status, answer := s.Ask(method, path, "sk_shop", body); status != http.StatusOK {
			return fmt.Errorf("%d %s", status, answer)
		}
		return s.TrySettle(s.Ports())
	}
	for _, applied := range []bool{false, true} {
		for _, isLift := range []bool{false, true} {
			want, what := clean, "apply"
			if isLift {
				want, what = hit, "lift"
			}
			for n, isOver := 0, false; !isOver; n += 1 + n/2 { // all of the first calls, then some: they are alike
				before := shop(t, s)
				calls := 0
				s.Call = func(_ string, call func() error) error {
					if calls++; calls != n+1 {
						return call()
					}
					if applied {
						_ = call() // nobody hears of it
					}
					return errDied
				}
				isOver = do(isLift) == nil && calls <= n
				s.Call = nil
				for range 3 { // whoever comes next tries again
					s.Advance(time.Minute)
					if err := do(isLift); err != nil {
						t.Fatalf("%s after it died at call %d: %v", what, n, err)
					}
				}
				same(t, fmt.Sprintf("%s that died at call %d", what, n), stored(t, s), want)
				if t.Failed() {
					return
				}
				// Back to what was before.
				if isBack := len(before.ActiveQuarantines()) != len(shop(t, s).ActiveQuarantines()); isBack {
					if err := do(!isLift); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := do(isLift); err != nil { // where the other begins
				t.Fatal(err)
			}
		}
	}
}

// Of more children than a parent accepts those that did something come first. What only the attacker did under a child's id gives it no place.
func TestNobodyIsWokenUp(t *testing.T) {
	t.Parallel()
	small := func(s *system.System) { s.Caps = identity.Caps{Children: 2, Parents: 9, Aliases: 9, Members: 9} }
	play := func(attack bool) *system.System {
		s := system.New(t, system.Shop())
		small(s)
		for _, id := range []string{"a", "b", "c", "d"} {
			s.Send("wk_web", said("page", "w"+id, id, "2026-11-21T10:00:00Z", as("42", "")))
		}
		s.Send("wk_web", said("page", "own", "d", "2026-11-21T11:00:00Z", ""))
		s.Settle()
		if s.Now = begun.Add(time.Minute); attack {
			s.Send("wk_site", said("page", "x1", "c", "2026-11-22T12:00:00Z", ""))
		}
		s.Settle()
		return s
	}
	clean, s := stored(t, play(false)), play(true)
	if hit := stored(t, s); strings.Join(hit, "") == strings.Join(clean, "") {
		t.Error("it changes nothing")
	}
	apply(t, s, order("{}"))
	s.Settle()
	same(t, "in quarantine", stored(t, s), clean)
}

// A person shows what is in quarantine apart, exports made from then on name it, and what was exported is restated.
func TestItIsShown(t *testing.T) {
	t.Parallel()
	s := played(t, nil, func(s *system.System) { send(s, "wk_site", attacks["G somebody's history"]()) })
	s.Now = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	s.Settle()
	if made := s.Fire("daily"); len(made) == 0 || made[0].Quarantines != nil {
		t.Errorf("the first exports are %+v", made)
	}
	id := apply(t, s, order("{}"))
	s.Settle()
	var restated int
	for _, m := range s.Fire("daily") {
		if len(m.Restated) > 0 {
			restated++
			if len(m.Quarantines) != 1 || m.Quarantines[0].ID != id || m.Quarantines[0].Reason != "a script" {
				t.Errorf("%s names %+v", m.Name, m.Quarantines)
			}
		}
	}
	if restated == 0 {
		t.Error("nothing is restated")
	}
	var person struct {
		Touchpoints, Quarantined int
	}
	var timeline struct {
		Items []struct{ ID, Quarantine string }
	}
	if _, body := s.Get("/v1/profiles/user:42"); json.Unmarshal([]byte(body), &person) != nil || person.Quarantined != 2 {
		t.Errorf("the person is %s", body)
	}
	_, body := s.Get("/v1/profiles/user:42/timeline?quarantined=1")
	if err := json.Unmarshal([]byte(body), &timeline); err != nil {
		t.Fatal(err)
	}
	marked := 0
	for _, item := range timeline.Items {
		if item.Quarantine == id {
			marked++
		} else if item.Quarantine != "" || strings.HasPrefix(item.ID, "x") {
			t.Errorf("%+v", item)
		}
	}
	if marked != 2 || len(timeline.Items) != person.Touchpoints+2 {
		t.Errorf("the timeline is %s", body)
	}
	if _, body := s.Get("/v1/profiles/user:42/timeline"); strings.Contains(body, `"x1"`) {
		t.Errorf("it shows %s", body)
	}
}

// A quarantine is applied once however often it is sent, a lifted one stays listed, and what is not understood is refused.
func TestOrders(t *testing.T) {
	t.Parallel()
	s := played(t, nil, nil)
	first := apply(t, s, order("{}"))
	if again := apply(t, s, order("{}")); again != first {
		t.Errorf("sent again it is %s, not %s", again, first)
	}
	counted := func() bool {
		var list struct{ Counted bool }
		_, body := s.Get("/v1/quarantines")
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatal(err)
		}
		return list.Counted
	}
	if _, status := s.Get("/v1/status"); counted() || !strings.Contains(status, `"recounting":true`) {
		t.Errorf("before a settle it is said to be counted: %s", status)
	}
	if s.Settle(); !counted() {
		t.Error("after a settle it is not counted")
	}
	lift(t, s, first)
	if other := apply(t, s, order(`{"grade":["public"]}`)); other == first {
		t.Errorf("another has the same id %s", other)
	}
	var list struct {
		Items []struct {
			ID, About string
			Lifted    *string
		}
	}
	_, body := s.Get("/v1/quarantines")
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Items) != 2 || list.Items[0].Lifted != nil || list.Items[1].Lifted == nil {
		t.Errorf("the list is %s (%v)", body, err)
	}
	for body, code := range map[string]string{
		order(`{"names":["x"]}`) + "}":                                                        "invalid_json",
		order(`{"grade":["secret"]}`) + "}":                                                   "bad_quarantine",
		order(`{"network":["203.0.113.7"]}`) + "}":                                            "bad_quarantine",
		order(`{"name":"x"}`) + "}":                                                           "invalid_json",
		order(`{}`) + `,"previw":true}`:                                                       "invalid_json",
		`{"source":"site","received":{"from":"2026"}}`:                                        "bound_malformed",
		`{"source":"site"}`:                                                                   "bound_malformed",
		strings.Replace(order(`{}`), "T13", "T33", 1) + "}":                                   "bound_malformed",
		`{"source":"site","received":{"from":"2026-11-22","to":"2026-11-22"}}`:                "bad_quarantine",
		`{"source":"site","received":{"from":"2024-11-22","to":"2026-11-22"},"preview":true}`: "range_too_large",
	} {
		var said struct{ Code string }
		status, answer := s.Ask(http.MethodPost, "/v1/quarantines", "sk_shop", body)
		if err := json.Unmarshal([]byte(answer), &said); err != nil || status != http.StatusBadRequest || said.Code != code {
			t.Errorf("%s is answered %d %s, want %s", body, status, answer, code)
		}
	}
}

// A run that read the workspace before a quarantine was applied, and settles after, keeps no promise to whoever applied it.
func TestARunOfBeforeIsNotBelieved(t *testing.T) {
	t.Parallel()
	clean := stored(t, played(t, nil, nil))
	s := played(t, nil, func(s *system.System) { send(s, "wk_site", attacks["G somebody's history"]()) })
	before := shop(t, s)
	var said struct{ Rollup string }
	if _, answer := s.Ask(http.MethodPost, "/v1/quarantines", "sk_shop", order("{}")+"}"); json.Unmarshal([]byte(answer), &said) != nil {
		t.Fatal(answer)
	}
	s.Advance(time.Minute)
	if result, err := s.Settler(s.Ports()).Run(t.Context(), before, 0); err != nil || !result.IsDone {
		t.Fatalf("the run of before gives %+v, %v", result, err)
	}
	for _, c := range []struct {
		query string
		done  bool
	}{{"", false}, {"?wait=25s", true}} {
		raw, err := json.Marshal(s.Request(http.MethodGet, "/v1/rollups/"+said.Rollup+c.query, "Bearer sk_shop", ""))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := s.Rollup(s.Ports()).Handle(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(answer)
		if err != nil || strings.Contains(string(text), `\"done\":true`) != c.done {
			t.Errorf("asked%s it is %s (%v)", c.query, text, err)
		}
	}
	same(t, "in quarantine", stored(t, s), clean)
}
