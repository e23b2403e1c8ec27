package abuse_test

import (
	"testing"

	"waymark/infra/abuse"
	"waymark/shared/testing/system"
)

// TestAttacks plays every attack on the system in memory; `make abuse` does so on one that runs. What an attack costs is seen there alone.
func TestAttacks(t *testing.T) {
	t.Parallel()
	for _, a := range abuse.Attacks() {
		t.Run(a.ID, func(t *testing.T) {
			t.Parallel()
			w := &memoryWorld{t: t, System: system.New(t)}
			verdicts, err := abuse.Run(t.Context(), abuse.Config{
				World: w, Base: system.Begin, Attacks: []abuse.Attack{a}, Modes: abuse.Modes(), AtOnce: 1, Progress: func(string) {},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range verdicts {
				if v.Fault != "" {
					t.Errorf("%s in mode %s: %s", a.ID, v.Mode, v.Fault)
				}
			}
			if err := abuse.Expect(verdicts); err != nil {
				t.Error(err)
			}
		})
	}
}
