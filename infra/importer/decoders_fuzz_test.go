package importer_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"waymark/infra/importer"
)

// FuzzNumber: what is read as a number is one of JSON, has the digits of the text in their order, and is no larger than all of them together.
func FuzzNumber(f *testing.F) {
	forms := []string{``, `, decimal: ",", thousands: "."`, `, thousands: ","`, `, thousands: ",", grouping: indian`, `, decimal: ",", thousands: " "`, `, thousands: "'"`, `, brackets: true, trailing_minus: true, currency_sign: ["€", EUR]`}
	for i := range forms {
		for _, seed := range []string{"1.234,50", "1,234.50", "1 234", "(12.50) €", "12.50-", "1,23,456", "-0,5", "1e3", "\u22125"} {
			f.Add(byte(i), seed)
		}
	}
	f.Fuzz(func(t *testing.T, form byte, cell string) {
		if !utf8.ValidString(cell) {
			return
		}
		got, err := importer.Evaluate(`{column: n, type: number`+forms[int(form)%len(forms)]+`}`, map[string]string{"n": cell})
		if err != nil || got == nil {
			return
		}
		number := string(got.(json.Number))
		if !json.Valid([]byte(number)) {
			t.Fatalf("%q is read as %q, which is no number of JSON", cell, number)
		}
		if strings.ContainsAny(number, "eE") {
			return
		}
		said, read := strings.TrimLeft(digits(cell), "0"), strings.TrimLeft(digits(number), "0")
		if said != read {
			t.Errorf("%q is read as %q, which has other digits", cell, number)
		}
		value, _ := new(big.Float).SetString(number)
		limit, ok := new(big.Float).SetString("0" + digits(cell))
		if ok && value.Abs(value).Cmp(limit) > 0 {
			t.Errorf("%q is read as %q, which is more than its digits", cell, number)
		}
	})
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// FuzzArray: the elements of a valid array are those that encoding/json finds; anything else ends, with an error or without.
func FuzzArray(f *testing.F) {
	for _, seed := range []string{`[{"t":1}]`, `[{"t":"]"},{"t":"\\"},{}]`, ` [ ] [{"t":[[]]}]`, `[1,"x",null,{"t":1e5}]`, `[{"t":1`, `[}`, `[{]`, `["`} {
		f.Add([]byte(seed))
	}
	m, err := importer.ParseMapping("m", []byte("name: m\nversion: 1\nformat: {kind: json}\ntime: {column: t, layouts: [unix]}\nidentifiers: {user: u}\nevents: [{event: E}]\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		summary := importer.NewSummary(m, "f")
		err := m.Map("f", bytes.NewReader(content), now, &summary, func(importer.Event) error { return nil })
		var want []any
		trimmed := bytes.TrimLeft(content, " \t\r\n")
		if len(trimmed) == 0 || trimmed[0] != '[' || json.Unmarshal(trimmed, &want) != nil || !utf8.Valid(content) {
			return
		}
		if err != nil || summary.Rows.Read != int64(len(want)) {
			t.Errorf("%q has %d rows, %v; want %d", content, summary.Rows.Read, err, len(want))
		}
	})
}

// FuzzPath: no path panics or runs on in any object.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"a.b", "a[k=v].b", "a[0][1]", "a..b", "[", "a[", "a[=]", "a[k.l=v]"} {
		f.Add(path, `{"a":[{"key":"b","value":{"x_value":1}},{"k":"v","b":1}]}`)
	}
	f.Fuzz(func(t *testing.T, path, object string) {
		if strings.TrimSpace(path) == "" {
			return
		}
		settings, err := json.Marshal(map[string]string{"column": path})
		if err != nil {
			return
		}
		_, _ = importer.EvaluateJSON(string(settings), object) // that it comes back is all
	})
}

// FuzzCells: a file in which no cell is a formula of text is read byte for byte; and no file makes the reader stop.
func FuzzCells(f *testing.F) {
	for _, seed := range []string{"a,b\n=\"1\",\"x\"\"y\"\n", "=\"\"", "\"=\"\"x\"\"\",=", "a;=\"b", "=\"a\",\"\n=\"", "x=\"1\""} {
		f.Add(seed, ",")
	}
	f.Fuzz(func(t *testing.T, content, delimiter string) {
		if delimiter == "" || strings.ContainsAny(delimiter, "\"\n=") {
			return
		}
		got, err := io.ReadAll(importer.Cells(strings.NewReader(content), delimiter))
		if err != nil {
			t.Fatalf("read %q: %v", content, err)
		}
		if !strings.Contains(content, `="`) && string(got) != content {
			t.Errorf("%q is read as %q", content, got)
		}
		if plain := strings.ReplaceAll(content, "=", ""); strings.ReplaceAll(string(got), "=", "") != plain {
			t.Errorf("%q is read as %q: more than = is missing", content, got)
		}
	})
}

// FuzzUTF16: what was written as UTF-16 is read as it was.
func FuzzUTF16(f *testing.F) {
	f.Add("ü€😀", true)
	f.Add("a,b\r\n", false)
	f.Fuzz(func(t *testing.T, text string, bigEndian bool) {
		text = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || r == utf8.RuneError || strings.ContainsRune("\",='\uFEFF", r) || unicode.IsSpace(r) {
				return -1
			}
			return r
		}, text)
		if text == "" {
			return
		}
		var b bytes.Buffer
		for _, unit := range utf16.Encode([]rune("\uFEFFt,u,v\n1,a," + text + "\n")) {
			pair := []byte{byte(unit), byte(unit >> 8)}
			if bigEndian {
				pair[0], pair[1] = pair[1], pair[0]
			}
			b.Write(pair)
		}
		if got := readRows(t, strings.Replace(rowsMapping, "FORMAT", "kind: csv", 1), b.String()); got != "a "+text {
			t.Errorf("%q is read as %q", text, got)
		}
	})
}
