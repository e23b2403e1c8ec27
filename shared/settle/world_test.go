package settle_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// said is an event of a device at a time; more is what else it says.
func said(kind, id, anonymous, at, more string) string {
	return fmt.Sprintf(`{"type":%q,"messageId":%q,"anonymousId":%q,"timestamp":%q%s}`, kind, id, anonymous, at, more)
}

func bought(order, amount string) string {
	return fmt.Sprintf(`,"event":"Order Completed","properties":{"order_id":%q,"revenue":%s}`, order, amount)
}

// scenes are what happens, one after the other. The first is a shop's autumn. In the second somebody is recognised, an order turns out to be claimed
// earlier by another, an event comes a week late, and two persons lapse as time passes, one of them with a touchpoint that takes it back.
var scenes = []func(s *system.System){
	func(s *system.System) {
		s.Send("wk_web",
			said("page", "e1", "a", "2026-11-20T10:00:00Z", `,"context":{"campaign":{"source":"news","medium":"email","name":"spring"}}`),
			said("track", "e2", "a", "2026-11-20T10:20:00Z", bought("o1", "20")),
			said("page", "e3", "b", "2026-11-14T23:50:00Z", ""), said("page", "e4", "b", "2026-11-15T00:10:00Z", `,"context":{"location":{"country":"GB"}}`),
			said("page", "e5", "old", "2026-08-25T13:00:00Z", ""), said("page", "e6", "older", "2026-08-25T14:00:00Z", ""),
			said("identify", "e7", "x", "2026-11-01T10:00:00Z", `,"userId":"9","traits":{"plan":"a"}`), said("page", "e8", "x", "2026-11-01T10:01:00Z", ""),
		)
	},
	func(s *system.System) {
		s.Send("wk_web", said("identify", "f1", "a", "2026-11-22T09:00:00Z", `,"userId":"42"`), said("identify", "f2", "b", "2026-11-22T09:10:00Z", `,"userId":"42"`))
		s.Send("wk_till", said("track", "f3", "till", "2026-11-19T10:00:00Z", bought("o1", "20")), said("page", "f4", "b", "2026-11-14T23:55:00Z", ""))
		s.Advance(42 * time.Hour)
		s.Send("wk_web", said("page", "f5", "older", "2026-11-01T08:00:00Z", ""))
	},
	func(s *system.System) {
		if status, body := s.Ask("POST", "/v1/identities/unlink", "sk_shop", `{"id":"anon:b","from":"user:42"}`); status != 200 {
			panic(body)
		}
		s.Advance(time.Minute)
	},
}

// everybody are the identifiers of the scenes.
var everybody = []event.Identifier{"anon:a", "anon:b", "anon:old", "anon:older", "anon:x", "anon:till", "user:42", "user:9", "user:7"}

// played is a system in which the first scenes happened, settled after each but the last.
func played(t testing.TB, n int) *system.System {
	t.Helper()
	s := system.New(t, system.Shop())
	s.AtOnce = 3 // so that a run takes several slices
	for i, scene := range scenes[:n] {
		scene(s)
		if i < n-1 {
			s.Settle()
		}
	}
	return s
}

// stored is all that a workspace's settling comes to: windows, profiles, steps, what waits, and the archive's events without doubles. Numbers of runs
// and times of computing are left out, for they tell how it went.
func stored(t testing.TB, s *system.System) []string {
	t.Helper()
	space := system.Shop().Namespace()
	out := s.Counted(system.Shop(), everybody, system.Everyone)
	note := func(what string, value any, err error) {
		t.Helper()
		text, encoding := json.Marshal(value)
		if err = errors.Join(err, encoding); err != nil {
			t.Fatal(err)
		}
		out = append(out, what+" "+string(text))
	}
	waiting, _, err := s.Table.Dues(t.Context(), space, event.At(s.Now), 100)
	note("due now", len(waiting), err)
	state, err := s.Table.State(t.Context(), space)
	note("pending and recount", state.Pending+state.Recount+state.After, err)
	rules, err := s.Rules("default")
	note("rules", rules.ID, err)
	for _, stage := range append(rules.Model.Stages(), rules.Model.Lapse()) {
		var list struct{ Items []json.RawMessage }
		_, body := s.Get("/v1/profiles?stage=" + string(stage))
		err = errors.Join(err, json.Unmarshal([]byte(body), &list))
		for _, item := range list.Items {
			note("listed in "+string(stage), item, err)
		}
	}
	var archived []string
	for key := range s.Archive.Keys(t.Context(), "touchpoints/") {
		for r, err := range s.Archive.Read(t.Context(), key) {
			archived = append(archived, string(r.Type)+" "+string(r.Touchpoint.ID))
			note("", nil, err)
		}
	}
	slices.Sort(archived)
	return append(slices.DeleteFunc(out, func(line string) bool { return line == " null" }), slices.Compact(archived)...)
}

// same fails the test unless both hold the same.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	in := func(list []string) map[string]bool {
		out := map[string]bool{}
		for _, line := range list {
			out[line] = true
		}
		return out
	}
	inGot, inWant := in(got), in(want)
	for _, line := range got {
		if !inWant[line] {
			t.Errorf("%s: stored %.600s", what, line)
		}
	}
	for _, line := range want {
		if !inGot[line] {
			t.Errorf("%s: missing %.600s", what, line)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d lines, want %d", what, len(got), len(want))
	}
}

// shop is the workspace, as it is stored.
func shop(t testing.TB, s *system.System) workspace.Workspace {
	t.Helper()
	w, err := s.Table.Workspace(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	return w
}
