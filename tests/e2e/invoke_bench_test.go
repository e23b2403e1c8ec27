package e2e_test

import (
	"path/filepath"
	"testing"
)

// BenchmarkInvoke measures `waymark invoke` when the function is compiled and nothing changed, from the start of the command to its end: beside
// a system that runs, and alone.
//
//	go test -run='^$' -bench=Invoke -benchtime=20x ./tests/e2e
func BenchmarkInvoke(b *testing.B) {
	system := shared(b)
	event, err := filepath.Abs(filepath.Join(root, "events", "query", "health.json"))
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, data string }{{"beside-dev", system.Data}, {"alone", filepath.Join(b.TempDir(), "data")}} {
		b.Run(c.name, func(b *testing.B) {
			invoke := func() {
				if _, _, err := system.Run(b.Context(), "invoke", "Query", "-e", event, "--data", c.data); err != nil {
					b.Fatal(err)
				}
			}
			invoke() // compiles
			for b.Loop() {
				invoke()
			}
		})
	}
}
