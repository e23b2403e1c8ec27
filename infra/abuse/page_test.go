package abuse_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waymark/infra/abuse"
)

const docs = "../../docs/trust.md"

// verdictsOf are the last verdicts, as testdata/verdicts.txt has them.
func verdictsOf(t *testing.T) []abuse.Verdict {
	t.Helper()
	text, err := os.ReadFile("testdata/verdicts.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]abuse.Attack{}
	for _, a := range abuse.Attacks() {
		known[a.ID] = a
	}
	var out []abuse.Verdict
	for line := range strings.Lines(string(text)) {
		id, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		for _, m := range abuse.Modes() {
			if verdict, is := strings.CutPrefix(rest, string(m)+": "); is {
				out = append(out, abuse.Verdict{Attack: known[id], Mode: m, IsSafe: verdict == "safe" || verdict == "safe +", Adds: strings.HasSuffix(verdict, "+"), Sign: "contested identifiers +1000"})
			}
		}
	}
	if got := abuse.Lines(out); got != string(text) {
		t.Fatalf("testdata/verdicts.txt has lines that are no verdicts of an attack:\n%s\nread as\n%s", text, got)
	}
	return out
}

// TestDocs: docs/trust.md lists exactly the attacks that there are, with their last verdicts.
func TestDocs(t *testing.T) {
	t.Parallel()
	verdicts := verdictsOf(t)
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), abuse.Table(verdicts)) {
		t.Errorf("the table of docs/trust.md is not that of testdata/verdicts.txt; make abuse ARGS=\"--docs docs/trust.md\" writes it:\n%s", abuse.Table(verdicts))
	}
	if want := len(abuse.Attacks()) * len(abuse.Modes()); len(verdicts) != want {
		t.Errorf("there are %d verdicts, want %d", len(verdicts), want)
	}
}

// TestExpect: a verdict that is not the one of docs/trust.md is an error, better or worse.
func TestExpect(t *testing.T) {
	t.Parallel()
	verdicts := verdictsOf(t)
	if err := abuse.Expect(verdicts); err != nil {
		t.Error(err)
	}
	for i, change := range []func(*abuse.Verdict){
		func(v *abuse.Verdict) { v.IsSafe = !v.IsSafe }, func(v *abuse.Verdict) { v.Fault = "it differs" }, func(v *abuse.Verdict) { v.Attack.ID = "Z" },
	} {
		one := verdicts[i]
		change(&one)
		if err := abuse.Expect([]abuse.Verdict{one}); err == nil || !strings.HasPrefix(err.Error(), "1 verdicts are not those of docs/trust.md: "+one.Attack.ID) {
			t.Errorf("the verdict %s is no error: %v", abuse.Lines([]abuse.Verdict{one}), err)
		}
	}
}

// TestPage: what is printed has at most 80 columns, and names what failed.
func TestPage(t *testing.T) {
	t.Parallel()
	verdicts := verdictsOf(t)
	verdicts[0].Adds, verdicts[1].Fault, verdicts[2].Cost = true, "numbers differ", "longest batch 12.3 s, rollup 12.3 s"
	var page bytes.Buffer
	abuse.Print(&page, verdicts)
	for line := range strings.Lines(page.String()) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("a line has %d columns: %s", n, line)
		}
	}
	for _, want := range []string{"safe +", "FAILED: numbers differ", "longest batch 12.3 s"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page does not say %q:\n%s", want, &page)
		}
	}
}

// TestWriteTable: the table is written between its marks, and nowhere else.
func TestWriteTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "trust.md")
	for range 2 {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := abuse.WriteTable(file, verdictsOf(t)); err != nil {
			t.Fatal(err)
		}
		written, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before, _, _ := strings.Cut(string(text), "<!-- table")
		_, after, _ := strings.Cut(string(text), "<!-- end of the table")
		if got := string(written); !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) || !strings.Contains(got, abuse.Table(verdictsOf(t))) {
			t.Errorf("the file becomes\n%s", got)
		}
		text = written
	}
	if err := os.WriteFile(file, []byte("no marks"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := abuse.WriteTable(file, nil); err == nil {
		t.Error("a file without marks is written")
	}
}

// TestLongest: the longest batch since the last question is told, from the log of process.
func TestLongest(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "Process.log")
	log, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	r := &abuse.Running{Log: file}
	for _, c := range []struct {
		lines string
		want  time.Duration
	}{
		{"", 0},
		{`{"message":"batch processed","took_ms":20}` + "\n" + `{"message":"batch processed","took_ms":1200}` + "\nnot JSON\n" + `{"message":"other","took_ms":9999}` + "\n", 1200 * time.Millisecond},
		{`{"message":"batch processed","took_ms":0}` + "\n", time.Millisecond},
		{"", 0},
	} {
		if _, err := log.WriteString(c.lines); err != nil {
			t.Fatal(err)
		}
		if got, err := r.Longest(); got != c.want || err != nil {
			t.Errorf("after %q the longest batch took %s, %v; want %s", c.lines, got, err, c.want)
		}
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	if _, err := (&abuse.Running{Log: file + "x"}).Longest(); err == nil {
		t.Error("a log that is not there is no error")
	}
}
