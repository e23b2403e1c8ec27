//go:build mutants

package trust

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	linkFile   = "shared/domain/identity/link.go"
	forestFile = "shared/domain/identity/forest.go"
	claimFile  = "shared/domain/profile/claim.go"
	traitsFile = "shared/domain/profile/traits.go"
	proofFile  = "shared/domain/trust/proof.go"
	judgeFile  = "shared/domain/trust/trust.go"
)

// mutants are the system's own source with one text of a file in the place of another: an attack that works.
var mutants = map[string]struct{ file, text, becomes string }{
	"time before grade": {
		linkFile, "cmp.Compare(other.Grade, e.Grade), cmp.Compare(e.At, other.At)", "cmp.Compare(e.At, other.At), cmp.Compare(other.Grade, e.Grade)",
	},
	"evidence by the device's own time": {linkFile, "if t.Grade == event.Server {", "if t.Original < t.Received {"},
	"receipt of the last copy":          {linkFile, "At: t.Received,", "At: -t.Received,"},
	"the newest children have the places": {
		forestFile, "for _, l := range children {\n\t\t\tif class", "for _, l := range slices.Backward(children) {\n\t\t\tif class",
	},
	"who does something takes the places of idle ids": {forestFile, "case l.Idle:", "case false:"},
	"members by the newest evidence":                  {forestFile, "return q[i].before(q[j]) < 0", "return q[i].before(q[j]) > 0"},
	"traits are capped by name":                       {traitsFile, "cmp.Or(compareEvidence(first[a], first[b]), cmp.Compare(a, b))", "cmp.Compare(a, b)"},
	"the latest trait counts":                         {traitsFile, "if isLatest {", "if true {"},
	"sites make orders":                               {claimFile, "claim.Evidence.Grade != event.Server", "false"},
	"whoever claims an order has its past":            {claimFile, "order.Evidence.Grade == event.Server || change", "order.Evidence.Grade <= event.Server || change"},
	"the proof of another user":                       {proofFile, "secret.Valid(received) && hmac.Equal(mac(secret.Text, id), sent)", "secret.Valid(received) && len(mac(secret.Text, id)) > 0"},
	"a site refunds orders":                           {judgeFile, "if e.Type == event.Track {", "if false {"},
	"a site says what happened years ago":             {judgeFile, "case late > accepts:", "case late > 99*accepts:"},
}

// TestMutants: each mistake is found within some hundred pairs of schedules.
func TestMutants(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range mutants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(root, m.file)
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(string(source), m.text) != 1 {
				t.Fatalf("%s has the text %q %d times, want once", m.file, m.text, strings.Count(string(source), m.text))
			}
			folder := t.TempDir()
			mutant := filepath.Join(folder, "mutant.go")
			overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: mutant}})
			if err != nil {
				t.Fatal(err)
			}
			for path, text := range map[string]string{
				mutant: strings.Replace(string(source), m.text, m.becomes, 1), filepath.Join(folder, "overlay.json"): string(overlay),
			} {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			program := exec.CommandContext(t.Context(), "go", "test", "-overlay="+filepath.Join(folder, "overlay.json"), "-run=TestNonInterference", ".")
			program.Env = append(os.Environ(), "WAYMARK_TRUST_N=800")
			out, err := program.CombinedOutput()
			switch {
			case err == nil:
				t.Errorf("the mutant %q survived 3,200 pairs", name)
			case !strings.Contains(string(out), "run it alone with WAYMARK_SEED="):
				t.Errorf("the mutant %q does not build: %s", name, out)
			}
		})
	}
}
