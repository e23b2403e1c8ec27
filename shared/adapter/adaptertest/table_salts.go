package adaptertest

import (
	"fmt"
	"sync"
	"testing"
)

// salts: whoever asks for the salt of a day gets the one that was there first, until it is deleted.
func salts(t *testing.T, table TableUnderTest, _ *Clock) {
	ask := func(of, fresh, want string) {
		t.Helper()
		got, err := table.Salt(t.Context(), of, fresh, noon+3*day)
		if must(t, err); got != want {
			t.Errorf("Salt(%s, %s) = %q, want %q", of, fresh, got, want)
		}
	}
	ask("2026-11-22", "a", "a")
	ask("2026-11-22", "b", "a")
	ask("2026-11-23", "c", "c")
	must(t, table.ForgetSalt(t.Context(), "2026-11-22", noon+day))
	must(t, table.ForgetSalt(t.Context(), "2026-11-22", noon+day))
	must(t, table.ForgetSalt(t.Context(), "2026-11-21", noon+day))
	ask("2026-11-22", "d", "d")
	ask("2026-11-23", "e", "c")

	var all sync.WaitGroup
	got := make([]string, 16)
	for n := range got {
		all.Go(func() {
			salt, err := table.Salt(t.Context(), "2026-11-24", fmt.Sprint("fresh ", n), noon+3*day)
			if err != nil {
				t.Error(err)
			}
			got[n] = salt
		})
	}
	all.Wait()
	for _, salt := range got {
		if salt == "" || salt != got[0] {
			t.Fatalf("those who ask at once get %q", got)
		}
	}
}
