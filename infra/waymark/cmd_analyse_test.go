package main

import (
	"encoding/csv"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/analyse"
)

// narrow demands that a terminal of 80 columns shows it as it is.
func narrow(t *testing.T, what, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if n := utf8.RuneCountInString(line); n > columns || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) || strings.HasSuffix(line, " ") {
			t.Errorf("%s: a line has %d columns, steers the terminal or ends with a blank: %q", what, n, line)
		}
	}
}

// TestAnalysePrints compares what a terminal shows with golden files, and holds what all analyses print to 80 columns.
func TestAnalysePrints(t *testing.T) {
	d := newDemo(t)
	const autumn = " --from 2026-09-01 --to 2026-11-22"
	for name, args := range map[string]string{
		"funnel": "funnel --step Product* --step page:/cart --step order --by channel" + autumn, "retention": "retention --grain month --revenue net" + autumn,
		"paths": "paths --start order --steps 3 --table edges" + autumn, "attribution": "attribution" + autumn,
	} {
		code, out, said := d.run(t, "", append([]string{"analyse"}, strings.Fields(args)...)...)
		if code != 0 || said != "" {
			t.Fatalf("%s ends with %d: %s", args, code, said)
		}
		narrow(t, args, out)
		file := filepath.Join("testdata", "analyse", name+".txt")
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || string(want) != out {
			t.Errorf("waymark analyse %s prints\n%s\nwant (%v)\n%s", args, out, err, want)
		}
	}
	code, list, said := bare(t, "analyse")
	if code != 0 || said != "" {
		t.Errorf("the list ends with %d: %s", code, said)
	}
	narrow(t, "the list", list)
	for _, a := range analyse.Analyses() {
		if !strings.Contains(list, a.Name+"\n    ") {
			t.Errorf("%s is not in the list", a.Name)
		}
		args := []string{"analyse", a.Name}
		if a.Name == "funnel" {
			args = append(args, "--funnel", "stages")
		}
		code, out, said := d.run(t, "", args...)
		if code != 0 || said != "" {
			t.Errorf("%v ends with %d: %s", args, code, said)
		}
		narrow(t, a.Name, out)
		code, out, said = bare(t, "analyse", a.Name, "--help")
		if code != 0 || said != "" {
			t.Errorf("%v --help ends with %d: %s", args, code, said)
		}
		narrow(t, a.Name+" --help", out)
	}
}

func bare(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	var printed, problems strings.Builder
	code = run(t.Context(), args, stdio{In: strings.NewReader(""), Out: &printed, Err: &problems})
	return code, printed.String(), problems.String()
}

// TestAnalyseForPrograms: JSON is the answer of the API, and CSV is one table, a rate with its parts.
func TestAnalyseForPrograms(t *testing.T) {
	d := newDemo(t)
	args := []string{"analyse", "funnel", "--step", "Product Viewed", "--step", "order", "--from", "2026-09-01", "--to", "2026-11-22"}
	_, want := d.Get("/v1/analyses/funnel?step=Product+Viewed&step=order&from=2026-09-01&to=2026-11-22")
	code, out, said := d.run(t, "", append(args, "--json")...)
	if code != 0 || said != "" || strings.TrimSpace(out) != want || !json.Valid([]byte(out)) {
		t.Errorf("--json ends with %d (%s) and prints %.300s, want %.300s", code, said, out, want)
	}
	code, out, said = d.run(t, "", append(args, "--csv")...)
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if code != 0 || err != nil || len(rows) != 2 || !strings.Contains(said, "this is the table summary; --table names another of summary, steps") {
		t.Errorf("--csv ends with %d (%s, %v) and prints %s", code, said, err, out)
	}
	code, out, said = d.run(t, "", append(args, "--csv", "--table", "steps")...)
	rows, err = csv.NewReader(strings.NewReader(strings.TrimPrefix(out, "\ufeff"))).ReadAll()
	header := "number,step,required,persons,conversion,conversion_numerator,conversion_denominator,conversion_low,conversion_high"
	if code != 0 || err != nil || strings.Contains(said, "--table") || len(rows) != 3 || !strings.HasPrefix(strings.Join(rows[0], ","), header) {
		t.Errorf("--csv --table steps ends with %d (%s, %v) and prints %s", code, said, err, out)
	}
}

// TestAnalyseRefusals: what is wrong is said on standard error, with what to do next.
func TestAnalyseRefusals(t *testing.T) {
	d := newDemo(t)
	for args, want := range map[string]struct {
		code int
		says string
	}{
		"analyse games":                          {2, "there is no analysis \"games\"; `waymark analyse` lists them"},
		"analyse funnel":                         {1, "step"},
		"analyse retention --grain year":         {1, "grain is one of month, day, week"},
		"analyse retention --from tomorrow":      {1, "from is a date such as"},
		"analyse retention --colour red":         {2, "-colour"},
		"analyse retention --by colour":          {1, "there is no dimension \"colour\""},
		"analyse retention --table games":        {1, "the answer has no table \"games\"; it has cohorts, ages"},
		"analyse retention --json --csv":         {2, ""},
		"analyse retention --key sk_nobody":      {1, "the key is not known here"},
		"analyse retention more":                 {2, ""},
		"define games":                           {1, "there are definitions of metrics, funnels"},
		"define funnels - --check":               {1, "-: "},
		"define funnels testdata/none.yaml":      {1, "none.yaml"},
		"define funnels --delete --check":        {2, ""},
		"define experiments a.yaml b.yaml":       {2, ""},
		"define experiments --delete more words": {2, ""},
	} {
		var words []string
		words = append(words, strings.Fields(args)...)
		at := 2
		if words[0] == "define" {
			at = len(words)
		}
		words = slices.Concat(words[:at], []string{"--url", d.url}, words[at:])
		if !strings.Contains(args, "--key") {
			words = slices.Insert(words, min(at, len(words)), "--key", "sk_shop")
		}
		code, out, said := bare(t, words...)
		if code != want.code || out != "" || !strings.Contains(said, want.says) {
			t.Errorf("waymark %s ends with %d and says %q on standard error, %q on the other; want %d and %q", args, code, said, out, want.code, want.says)
		}
	}
}

// TestDefineCommand settles a definition of YAML, shows it, and takes it away.
func TestDefineCommand(t *testing.T) {
	d := newDemo(t)
	const funnels = "funnels:\n  - name: checkout\n    window: 7d\n    steps:\n      - page:/cart*\n      - step: Product Added\n        optional: true\n      - order\n"
	code, checked, said := d.run(t, funnels, "define", "funnels", "-", "--check")
	if code != 0 || said != "" || !strings.Contains(checked, "checkout") {
		t.Fatalf("--check ends with %d (%s) and prints %s", code, said, checked)
	}
	if _, out, _ := d.run(t, "", "define", "funnels"); !strings.Contains(out, "nothing is settled") {
		t.Errorf("--check has settled %s", out)
	}
	if code, out, said := d.run(t, funnels, "define", "funnels", "-"); code != 0 || said != "" || out != checked {
		t.Errorf("define ends with %d (%s) and prints\n%s\nwant\n%s", code, said, out, checked)
	}
	narrow(t, "define", checked)
	if code, out, _ := d.run(t, "", "analyse", "funnel", "--funnel", "checkout"); code != 0 || !strings.Contains(out, "page:/cart*") {
		t.Errorf("the funnel is asked with %d: %s", code, out)
	}
	if _, out, _ := d.run(t, "", "define"); !strings.Contains(out, "checkout") || !strings.Contains(out, "autumn-orders") {
		t.Errorf("define shows %s", out)
	}
	if code, out, said := d.run(t, "funnels: [", "define", "funnels", "-"); code != 1 || out != "" || !strings.Contains(said, "line 1") {
		t.Errorf("broken YAML ends with %d: %s", code, said)
	}
	if code, out, said := d.run(t, "", "define", "funnels", "--delete"); code != 0 || !strings.Contains(out, "nothing is settled") {
		t.Errorf("--delete ends with %d: %s%s", code, out, said)
	}
}

// TestAnalyseSteersNoTerminal: what somebody sent cannot speak to the terminal.
func TestAnalyseSteersNoTerminal(t *testing.T) {
	d := newDemo(t)
	d.Send("wk_web", `{"type":"track","event":"\u001b[2JProduct\u202e\u0007 Viewed","messageId":"x","userId":"ux","timestamp":"2026-11-20T10:00:00Z"}`)
	d.Settle()
	code, out, said := d.run(t, "", "analyse", "paths", "--from", "2026-11-01", "--to", "2026-11-22")
	if code != 0 || strings.ContainsAny(out+said, "\x1b\u202e\x07") {
		t.Errorf("ends with %d and prints %q", code, out)
	}
	narrow(t, "paths", out)
}

// documented are the questions that stand in the documentation: command lines, and addresses with parameters.
var documented = regexp.MustCompile("(?m)^waymark analyse ([a-z]+(?: .*)?)$|/v1/analyses/([a-z]+\\?[^\\s'\"`)]+)")

// TestDocumentedQuestions asks every question that stands in the documentation, and demands rows. Each page of an analysis has one.
func TestDocumentedQuestions(t *testing.T) {
	d := newDemo(t)
	docs := filepath.Join(httpapitest.Root(t), "docs")
	shown := map[string]bool{}
	err := filepath.WalkDir(docs, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range documented.FindAllStringSubmatch(string(text), -1) {
			line, _, _ := strings.Cut(found[1], " #")
			if strings.Contains(line, "--help") {
				continue
			}
			shown[strings.TrimSuffix(filepath.Base(path), ".md")] = true
			if found[2] != "" {
				status, answer := d.Ask(http.MethodGet, "/v1/analyses/"+found[2], "sk_shop", "")
				hasRows(t, path+": "+found[2], status, answer)
				continue
			}
			code, out, said := d.run(t, "", append(append([]string{"analyse"}, shellWords(line)...), "--json")...)
			if code != 0 {
				t.Errorf("%s: waymark analyse %s ends with %d: %s", path, line, code, said)
				continue
			}
			hasRows(t, path+": "+line, http.StatusOK, out)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range analyse.Analyses() {
		if !shown[a.Name] {
			t.Errorf("docs/analyses/%s.md shows no question", a.Name)
		}
	}
}

func hasRows(t *testing.T, what string, status int, text string) {
	t.Helper()
	var answer analysisAnswer
	err := json.Unmarshal([]byte(text), &answer)
	rows := 0
	for _, table := range answer.Tables {
		rows += len(table.Rows)
	}
	if err != nil || status != http.StatusOK || rows == 0 {
		t.Errorf("%s is answered %d with %d rows: %.300s", what, status, rows, text)
	}
}

// shellWords parts a command line at blanks that are not in quotes.
func shellWords(line string) (words []string) {
	for _, found := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, found[1]+found[2]+found[3])
	}
	return words
}

// TestDocumentedDefinitions reads the example of each kind in docs/definitions.md, and demands its sentences after it, and no others.
func TestDocumentedDefinitions(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(httpapitest.Root(t), "docs", "definitions.md"))
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for section := range strings.SplitSeq(string(text), "\n## ") {
		name, rest, _ := strings.Cut(section, "\n")
		sections[name] = rest
	}
	for _, kind := range analyse.Kinds() {
		_, rest, _ := strings.Cut(sections[kind.Name], "```yaml\n")
		example, after, found := strings.Cut(rest, "```\n")
		if !found {
			t.Errorf("docs/definitions.md shows no example of %s", kind.Name)
			continue
		}
		body, err := jsonOf([]byte(example))
		if err != nil {
			t.Errorf("%s: %v", kind.Name, err)
			continue
		}
		sentences, err := kind.Read(body)
		want := ""
		for _, sentence := range sentences {
			want += "- " + sentence + "\n"
		}
		if err != nil || strings.TrimSpace(after) != strings.TrimSpace(want) {
			t.Errorf("the example of %s is followed by\n%s\nwant (%v)\n%s", kind.Name, after, err, want)
		}
	}
}
