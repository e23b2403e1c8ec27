package signed

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/trust"
)

// languages are how the programs of docs/signed-users.md are run: in which file each stands, by which command, and what Debian calls the package
// that has it.
var languages = map[string]struct {
	file, needs string
	command     []string
}{
	"js":     {"proof.js", "nodejs", []string{"node", "proof.js"}},
	"python": {"proof.py", "python3", []string{"python3", "proof.py"}},
	"ruby":   {"proof.rb", "ruby", []string{"ruby", "-W0", "proof.rb"}},
	"php":    {"proof.php", "php-cli", []string{"php", "proof.php"}},
	"go":     {"proof.go", "golang", []string{"go", "run", "proof.go"}},
	"java":   {"Proof.java", "default-jdk-headless", []string{"java", "-Dfile.encoding=UTF-8", "-Dsun.jnu.encoding=UTF-8", "Proof.java"}},
}

// patience is for compilers on a busy machine.
const patience = 2 * time.Minute

var program = regexp.MustCompile("(?ms)^```(js|python|ruby|php|go|java)\n(.*?)^```$")

// programs are those of the section about making proofs, by language.
func programs(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/signed-users.md")
	must(t, err)
	_, section, found := strings.Cut(string(page), "## Making the proof\n")
	if !found {
		t.Fatal("docs/signed-users.md has no section about making proofs")
	}
	all := map[string]string{}
	for _, block := range program.FindAllStringSubmatch(section, -1) {
		all[block[1]] = block[2]
	}
	return all
}

// TestEveryLanguageMakesTheProof runs the programs of the page, as they stand there, and compares what they print with what is verified.
func TestEveryLanguageMakesTheProof(t *testing.T) {
	t.Parallel()
	all := programs(t)
	if len(all) != len(languages) {
		t.Fatalf("the page has programs in %d languages, want %d", len(all), len(languages))
	}
	for name, text := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			language, folder := languages[name], t.TempDir()
			if _, err := exec.LookPath(language.command[0]); err != nil {
				why := fmt.Sprintf("%s is not installed: make languages installs Ruby and PHP, apt-get install %s this one", language.command[0], language.needs)
				if os.Getenv("CI") != "" {
					t.Fatal(why)
				}
				t.Skip(why)
			}
			must(t, os.WriteFile(filepath.Join(folder, language.file), []byte(text), 0o600))
			for _, id := range []string{"42", "Zoë-Ω 😀", "ada+news@shop.example"} {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				command := exec.CommandContext(ctx, language.command[0], append(language.command[1:], id)...)
				command.Dir, command.Env = folder, append(os.Environ(), "WAYMARK_IDENTITY="+secret, "LC_ALL=C.UTF-8")
				var said bytes.Buffer
				command.Stderr = &said
				printed, err := command.Output()
				if got, want := strings.TrimSpace(string(printed)), trust.Proof(secret, id); err != nil || got != want {
					t.Errorf("of %q it prints %q, want %q; %v %s", id, got, want, err, &said)
				}
			}
		})
	}
}
