package httpapi_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

var start = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

type store struct {
	mu    sync.Mutex
	keys  map[string]workspace.Key
	asked int
	down  bool
}

func (s *store) Key(_ context.Context, text string) (workspace.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.down {
		return workspace.Key{}, fault.New(fault.Unavailable, "throttled", "throttled")
	}
	if key, found := s.keys[text]; found {
		return key, nil
	}
	return workspace.Key{}, fault.New(fault.NotFound, "no_key", "no such key")
}

func newStore() *store {
	return &store{keys: map[string]workspace.Key{
		"wk_demo": {Workspace: "demo", Role: workspace.Write},
		"sk_demo": {Workspace: "demo", Role: workspace.Secret},
		"sk_old":  {Workspace: "demo", Role: workspace.Secret, Expires: event.At(start)},
	}}
}

func TestReader(t *testing.T) {
	t.Parallel()
	ring := httpapi.NewKeyring(newStore(), func() time.Time { return start })
	cases := map[string]string{
		"": "missing_key", "Basic c2tfZGVtbzo=": "missing_key", "Bearer ": "missing_key", "Bearer sk_nobody": "unknown_key",
		"Bearer wk_demo": "write_key", "Bearer sk_old": "key_expired", "Bearer sk_demo": "",
	}
	kinds := map[string]fault.Kind{
		"missing_key": fault.Unauthorized, "unknown_key": fault.Unauthorized, "key_expired": fault.Unauthorized, "write_key": fault.Forbidden,
	}
	for header, code := range cases {
		key, err := ring.Reader(t.Context(), httpapi.Request{Headers: map[string]string{"authorization": header}})
		if fault.CodeOf(err) != code || fault.KindOf(err) != kinds[code] || (code == "") != (key.Workspace == "demo") {
			t.Errorf("Reader with %q = %+v, %v, want %q", header, key, err, code)
		}
	}
}

func TestKeyringRemembersWithinBounds(t *testing.T) {
	t.Parallel()
	s, now := newStore(), start
	ring := httpapi.NewKeyring(s, func() time.Time { return now })
	find := func(text string) string {
		_, err := ring.Find(t.Context(), text)
		return fault.CodeOf(err)
	}
	const remembered = 10_000
	for i := range remembered {
		find(fmt.Sprintf("guess-%d", i))
	}
	find("guess-0") // used last: stays
	find("one-more")
	asked := s.asked
	for _, c := range []struct {
		text string
		want int
	}{{"guess-0", 0}, {"guess-2", 0}, {"one-more", 0}, {"guess-1", 1}} {
		if find(c.text); s.asked-asked != c.want {
			t.Errorf("%s asked the store %d times, want %d", c.text, s.asked-asked, c.want)
		}
		asked = s.asked
	}
}

func TestKeyMadeLaterWorks(t *testing.T) {
	t.Parallel()
	s, now := newStore(), start
	ring := httpapi.NewKeyring(s, func() time.Time { return now })
	if _, err := ring.Find(t.Context(), "wk_new"); fault.CodeOf(err) != "unknown_key" {
		t.Fatalf("Find = %v, want unknown_key", err)
	}
	s.keys["wk_new"] = workspace.Key{Workspace: "new", Role: workspace.Write}
	now = start.Add(httpapi.UnknownFor)
	if key, err := ring.Find(t.Context(), "wk_new"); err != nil || key.Workspace != "new" {
		t.Errorf("after %v Find = %+v, %v, want the new key", httpapi.UnknownFor, key, err)
	}
	delete(s.keys, "wk_new")
	now = now.Add(httpapi.KnownFor - time.Nanosecond)
	if _, err := ring.Find(t.Context(), "wk_new"); err != nil {
		t.Errorf("before %v a known key is %v, want known", httpapi.KnownFor, err)
	}
	now = now.Add(time.Nanosecond)
	if _, err := ring.Find(t.Context(), "wk_new"); fault.CodeOf(err) != "unknown_key" {
		t.Errorf("after %v a removed key is %v, want unknown_key", httpapi.KnownFor, err)
	}
}

func TestKeyringPassesOnThatTheStoreIsDown(t *testing.T) {
	t.Parallel()
	s := newStore()
	s.down = true
	ring := httpapi.NewKeyring(s, func() time.Time { return start })
	if _, err := ring.Find(t.Context(), "wk_demo"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("Find = %v, want unavailable", err)
	}
}

func TestKeyringIsSharedByManyRequests(t *testing.T) {
	t.Parallel()
	ring := httpapi.NewKeyring(newStore(), func() time.Time { return start })
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			for range 200 {
				if _, err := ring.Find(t.Context(), "wk_demo"); err != nil {
					t.Error(err)
				}
				if _, err := ring.Find(t.Context(), fmt.Sprint(i)); err == nil {
					t.Error("an unknown key is known")
				}
			}
		})
	}
	all.Wait()
}
