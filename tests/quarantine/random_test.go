package quarantine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/seed"
	"waymark/shared/testing/system"
)

// everybody are the identifiers of random worlds.
var everybody = []event.Identifier{
	"user:1", "user:2", "user:3", "anon:a", "anon:b", "anon:c", "anon:d", "email:x@e.com", "email:y@e.com",
}

// anyEvent is an event of anybody about anything that there is. Some come twice, and several have one message id.
func anyEvent(r *rand.Rand) string {
	id := fmt.Sprintf(`"messageId":"m%d"`, r.IntN(30))
	at := fmt.Sprintf(`"timestamp":"2026-11-%02dT%02d:00:00Z"`, 18+r.IntN(4), r.IntN(24))
	who := fmt.Sprintf(`"anonymousId":%q`, string("abcd"[r.IntN(4)]))
	user := fmt.Sprintf(`"userId":"%d"`, 1+r.IntN(3))
	if r.IntN(3) == 0 {
		who += "," + user
	}
	join := func(parts ...string) string { return "{" + strings.Join(parts, ",") + "}" }
	switch r.IntN(8) {
	case 0, 1:
		return join(`"type":"page"`, id, at, who)
	case 2:
		return join(`"type":"alias"`, id, at, user, fmt.Sprintf(`"previousId":%q`, []string{"1", "2", "3", "a", "b"}[r.IntN(5)]))
	case 3, 4:
		return join(`"type":"track","event":"Order Completed"`, id, at, who, fmt.Sprintf(`"properties":{"order_id":"o%d","revenue":%d}`, r.IntN(3), 1+r.IntN(3)))
	case 5:
		return join(`"type":"track","event":"Order Refunded"`, id, at, who, fmt.Sprintf(`"properties":{"order_id":"o%d","revenue":%d}`, r.IntN(3), 1+r.IntN(3)))
	default:
		return join(`"type":"identify"`, id, at, who, user,
			fmt.Sprintf(`"traits":{"email":"%c@e.com","plan":"p%d"}`, "xy"[r.IntN(2)], r.IntN(3)))
	}
}

// act is one thing that happens.
type act struct {
	key    string // with which it is sent; "" for none
	event  string
	settle bool
	later  time.Duration
}

func anyActs(r *rand.Rand) []act {
	var acts []act
	for range 8 + r.IntN(25) {
		switch r.IntN(6) {
		case 0:
			acts = append(acts, act{settle: true})
		case 1, 2:
			acts = append(acts, act{key: "wk_evil", event: anyEvent(r)})
		default:
			acts = append(acts, act{key: []string{"wk_web", "wk_till", "wk_site"}[r.IntN(3)], event: anyEvent(r), later: time.Duration(r.IntN(3)) * time.Hour})
		}
	}
	return acts
}

// world is a shop that another site sends to as well.
func world(t testing.TB, caps identity.Caps, orders workspace.OrdersFrom) *system.System {
	w := system.Shop()
	w.Keys = append(w.Keys, workspace.Key{Text: "wk_evil", Workspace: "shop", Role: workspace.Write, Source: "evil"})
	w.Orders = orders
	s := system.New(t, w)
	s.Caps, s.AtOnce = caps, 2
	return s
}

// play does everything, or everything but what the other site sends.
func play(s *system.System, acts []act, isHonest bool) {
	for _, a := range acts {
		s.Advance(a.later)
		if a.settle {
			s.Settle()
			continue
		}
		s.Advance(time.Minute)
		if !isHonest || a.key != "wk_evil" {
			s.Send(a.key, a.event)
		}
	}
}

// told is all that everybody comes to, without those of whom nothing counts.
func told(t testing.TB, s *system.System) []string {
	t.Helper()
	out := s.Counted(system.Shop(), everybody, func(p ledger.Profile) bool {
		isAlone := p.Run == 0 || p.IsRoot() && len(p.Members) == 1 && len(p.Connected) == 0
		return !isAlone || len(p.Hours) > 0
	})
	for _, id := range everybody {
		_, body := s.Get("/v1/profiles/" + string(id))
		var answer struct {
			Identifiers []any
			Traits      map[string]any
			Touchpoints int
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		if len(answer.Identifiers) > 1 || len(answer.Traits)+answer.Touchpoints > 0 {
			out = append(out, fmt.Sprintf("answer %s %s", id, withoutMarks(t, body)))
		}
	}
	return out
}

// Whatever one source sends among anything that others send, with settles in between and small limits: in quarantine it is as if it had never come, and
// lifted as if it had never been in quarantine.
func TestAnySourceIsTakenOut(t *testing.T) {
	t.Parallel()
	changed := 0
	seed.Each(t, 40, func(t *testing.T, r *rand.Rand) {
		acts := anyActs(r)
		caps := []identity.Caps{{Children: 9, Parents: 1, Aliases: 2, Members: 3}, {Children: 9, Parents: 2, Aliases: 3, Members: 4}, {}}[r.IntN(3)]
		orders := []workspace.OrdersFrom{"", workspace.FromServers}[r.IntN(2)]
		s, clean, never := world(t, caps, orders), world(t, caps, orders), world(t, caps, orders)
		play(s, acts, false)
		play(clean, acts, true)
		play(never, acts, false)
		body := fmt.Sprintf(`{"source":"evil","received":{"from":"2026-11-01","to":%q}`, s.Now.Add(time.Hour).Format(time.RFC3339))
		settle := func(all ...*system.System) {
			for _, one := range all {
				one.Settle()
			}
		}
		if r.IntN(2) == 0 {
			settle(s, clean, never)
		}
		id := apply(t, s, body)
		settle(s, clean, never)
		want := told(t, clean)
		same(t, "in quarantine", told(t, s), want)
		hit := told(t, never)
		if strings.Join(hit, "\n") != strings.Join(want, "\n") {
			changed++
		}
		lift(t, s, id)
		settle(s, clean, never)
		same(t, "lifted", told(t, s), told(t, never))
		if t.Failed() {
			for _, a := range acts {
				t.Logf("%+v", a)
			}
		}
	})
	if changed < 10 {
		t.Errorf("only %d times it made a difference", changed)
	}
}
