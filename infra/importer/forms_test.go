package importer_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"waymark/infra/importer"
)

// TestForms maps files in the forms in which shops, banks and spreadsheets write them. An event is written as its id, amount and time where
// they matter, and a problem as the line and code.
func TestForms(t *testing.T) {
	t.Parallel()
	amount := func(e mapped) string { return text(e.Properties["order_id"]) + " " + string(e.Properties["revenue"]) }
	at := func(e mapped) string { return e.Timestamp }
	for _, test := range []struct {
		mapping, file string
		show          func(mapped) string
		want, wrong   []string
	}{
		{
			"th.yaml", "th.csv", amount,
			[]string{"n2 1234", "n4 12345678"},
			[]string{"2 bad_value", "3 bad_value", "5 bad_value", "7 bad_value", "8 bad_value", "9 bad_value", "10 bad_value"},
		},
		{
			"th2.yaml", "th2.csv", amount,
			[]string{"n2 1234", "n4 12345678", "n6 1234.56"},
			[]string{"2 bad_value", "3 bad_value", "5 bad_value", "7 bad_value"},
		},
		{"shopify3.yaml", "shopify3.csv", amount, []string{"#1004 40.00"}, nil},
		{"shopify4.yaml", "shopify3.csv", amount, []string{"#1004 40.00"}, nil},
		{"stripe.yaml", "stripe.ndjson", amount, []string{"ch_1 10.99", "ch_2 500"}, nil},
		{"ga4.yaml", "ga4.ndjson", func(e mapped) string { return amount(e) + " " + e.Timestamp + " " + text(e.Properties["url"]) }, []string{"T1 12.5 2026-03-05T10:00:00.123456Z https://s.ex/thanks"}, nil},
		{"ga4b.yaml", "ga4.ndjson", at, nil, []string{"1 bad_time"}},
		{
			"num.yaml", "num.csv", amount,
			[]string{"n0 1234.56", "n1 1234.56", "n2 1234.56", "n7 -12.50", "n8 -12.50", "n10 1.5E3", "n13 12.50", "n14 1234567.89", "n15 "},
			[]string{"5 bad_value", "6 bad_value", "7 bad_value", "8 bad_value", "11 bad_value", "13 bad_value", "14 bad_value"},
		},
		{"arr.yaml", "arr.json", amount, []string{"1 10", "2 20"}, nil},
		{"cr.yaml", "cr.csv", amount, []string{"1 10", "2 10"}, nil},
		{"sep.yaml", "sep.csv", amount, []string{"1 1234.56"}, nil},
		{"two.yaml", "two.csv", at, []string{"2026-03-05T14:30:00Z"}, nil},
		{
			"ampm.yaml", "ampm.csv", at,
			[]string{"2026-03-05T14:04:05Z", "2026-03-05T14:04:05Z", "2026-03-04T23:04:05Z", "2026-03-05T14:04:05Z", "2026-03-05T14:04:05Z"},
			[]string{"7 bad_time", "8 bad_time"},
		},
		{"u16b.yaml", "u16.csv", func(e mapped) string { return string(e.Context) }, []string{`{"externalIds":[{"collection":"users","encoding":"none","id":"josé@s.ex","type":"email"}]}`}, nil},
		{"xl.yaml", "xl.csv", amount, []string{"00123 10", "00124 10", "1.00125E+11 10"}, []string{"4 cut_id"}},
	} {
		t.Run(test.mapping, func(t *testing.T) {
			t.Parallel()
			events, summary := mapText(t, string(readText(t, filepath.Join("testdata/forms", test.mapping))), string(readText(t, filepath.Join("testdata/forms", test.file))))
			got := shown(events, test.show)
			wrong := faults(summary)
			if !slices.Equal(got, test.want) || !slices.Equal(wrong, test.wrong) {
				t.Errorf("%s = %q, faults %q\nwant %q, faults %q", test.file, got, wrong, test.want, test.wrong)
			}
		})
	}
}

func text(raw json.RawMessage) string { return strings.Trim(string(raw), `"`) }

func shown(events []mapped, show func(mapped) string) []string {
	var list []string
	for _, e := range events {
		list = append(list, show(e))
	}
	return list
}

// faults are the problems and warnings of a summary, as line and code.
func faults(s importer.Summary) []string {
	all := append(slices.Clone(s.Problems), s.Notes...)
	slices.SortStableFunc(all, func(a, b importer.Problem) int { return cmp.Compare(a.Line, b.Line) })
	var list []string
	for _, p := range all {
		list = append(list, fmt.Sprintf("%d %s", p.Line, p.Code))
	}
	return list
}

const rowsMapping = "name: m\nversion: 1\nformat: {FORMAT}\ntime: {column: t, layouts: [unix]}\nidentifiers: {user: u}\nevents: [{event: E, properties: {v: v}}]\n"

// TestReading: what the cells of a file are, whatever surrounds them. A row is written as its user and value.
func TestReading(t *testing.T) {
	t.Parallel()
	utf16le := func(s string) string {
		var b bytes.Buffer
		for _, unit := range utf16.Encode([]rune(s)) {
			b.Write([]byte{byte(unit), byte(unit >> 8)})
		}
		return b.String()
	}
	utf16be := func(s string) string {
		var b bytes.Buffer
		for _, unit := range utf16.Encode([]rune(s)) {
			b.Write([]byte{byte(unit >> 8), byte(unit)})
		}
		return b.String()
	}
	for name, test := range map[string]struct{ format, file, want string }{
		"plain":                      {"kind: csv", "t,u,v\n1,a,x\n", "a x"},
		"mark of UTF-8":              {"kind: csv", "\uFEFFt,u,v\n1,a,ü\n", "a ü"},
		"mark beats the mapping":     {"kind: csv, encoding: windows-1252", "\uFEFFt,u,v\n1,a,ü\n", "a ü"},
		"UTF-16 little-endian":       {"kind: csv", utf16le("\uFEFFt,u,v\n1,a,ü€😀\n"), "a ü€😀"},
		"UTF-16 big-endian":          {"kind: csv, delimiter: \"\\t\"", utf16be("\uFEFFt\tu\tv\r\n1\ta\tü€😀\r\n"), "a ü€😀"},
		"UTF-16 of lines":            {"kind: ndjson", utf16le("\uFEFF{\"t\":1,\"u\":\"a\",\"v\":\"ü\"}\n"), "a ü"},
		"UTF-16 named, by its mark":  {"kind: csv, encoding: utf-16", utf16be("\uFEFFt,u,v\n1,a,ü\n"), "a ü"},
		"UTF-16 named":               {"kind: csv, encoding: utf-16le", utf16le("t,u,v\n1,a,ü\n"), "a ü"},
		"UTF-16 without a mark":      {"kind: csv", utf16le("t,u,v\n1,a,ü\n"), "error: read f: the file looks like UTF-16 without a byte order mark; add 'encoding: utf-16le' to format"},
		"UTF-16 of the other kind":   {"kind: csv", utf16be("t,u,v\n"), "error: read f: the file looks like UTF-16 without a byte order mark; add 'encoding: utf-16be' to format"},
		"half a pair":                {"kind: csv, encoding: utf-16be", utf16be("t,u,v\n1,a,") + "\xd8\x00\x00\n", "a \uFFFD"},
		"sep of the mapping's":       {"kind: csv, delimiter: \";\"", "sep=;\nt;u;v\n1;a;x\n", "a x"},
		"sep of another":             {"kind: csv", "sep=;\r\nt;u;v\r\n1;a;x,y\r\n", "a x,y"},
		"sep is a tab":               {"kind: csv", "sep=\t\nt\tu\tv\n1\ta\tx\n", "a x"},
		"sep in quotes":              {"kind: csv", "\"sep=;\"\nt;u;v\n1;a;x\n", "a x"},
		"sep in UTF-16":              {"kind: csv", utf16le("\uFEFFsep=;\r\nt;u;v\r\n1;a;x\r\n"), "a x"},
		"sep, and a bad row":         {"kind: csv", "sep=;\nt;u;v\n1;a\n1;b;x\n", "b x | 3 unreadable"},
		"CR alone":                   {"kind: csv", "t,u,v\r1,a,x\r1,b,\"y\"\r", "a x, b y"},
		"CR of lines":                {"kind: ndjson", "{\"t\":1,\"u\":\"a\",\"v\":\"x\"}\r{\"t\":1,\"u\":\"b\",\"v\":\"y\"}", "a x, b y"},
		"CR LF":                      {"kind: csv", "t,u,v\r\n1,a,x\r\n1,b,\"y\rz\"\r\n", "a x, b y\rz"},
		"formula of text":            {"kind: csv", "t,u,v\n1,=\"007\",=\"0,1\"\n", "007 0,1"},
		"formula of text, first":     {"kind: csv, delimiter: \";\"", "u;t;v\n=\"007\";1;=\"0;1\"\n", "007 0;1"},
		"formula of text, quoted":    {"kind: csv", "t,u,v\n1,\"=\"\"007\"\"\",\"=\"\"a\"\"\"\"b\"\"\"\n", "007 a\"b"},
		"formula inside a text":      {"kind: csv", "t,u,v\n1,a,\"say \"\"hi\"\",=\"\"x\"\"\"\n", "a say \"hi\",=\"x\""},
		"formula that computes":      {"kind: csv", "t,u,v\n1,a,=1+2\n", "a =1+2"},
		"formula in the header":      {"kind: csv", "t,=\"u\",v\n1,a,x\n", "a x"},
		"apostrophe of a number":     {"kind: csv", "t,u,v\n1,'00124,'-5\n", "00124 -5"},
		"apostrophe of a postcode":   {"kind: csv", "t,u,v\n1,a,'01067\n", "a 01067"},
		"apostrophe of a word":       {"kind: csv", "t,u,v\n1,'t Hooft,'90s hits\n", "'t Hooft '90s hits"},
		"apostrophes around":         {"kind: csv", "t,u,v\n1,a,'123'\n", "a '123'"},
		"comments":                   {"kind: csv, comments: \"#\"", "# made by a till\nt,u,v\n1,a,x\n#1,b,y\n", "a x"},
		"comments of lines":          {"kind: ndjson, comments: \"//\"", "// head\n{\"t\":1,\"u\":\"a\",\"v\":\"x\"}\n", "a x"},
		"W3C with tabs":              {"kind: w3c", "#Version: 1.0\n#Fields: t u v\n1\ta\tx y\n1\tb\t-\n", "a x y, b "},
		"W3C with blanks":            {"kind: w3c", "#Software: IIS\n#Fields: t u v\n1 a x+y\n\n1 b\n1 c z\n", "a x+y, c z | 5 unreadable"},
		"W3C joined":                 {"kind: w3c", "#Fields: t u v\n1 a x\n#Version: 1.0\n#Fields: v w u t\ny - b 1\n", "a x, b y"},
		"W3C joined, a column less":  {"kind: w3c", "#Fields: t u v\n1 a x\n#Fields: t u\n1 b\n", "error: read f: line 3: from here on the column \"v\" is missing; split the file here"},
		"W3C without fields":         {"kind: w3c", "#Version: 1.0\n", "error: read f: no line begins with #Fields: and names the columns, so it is no log of the W3C format"},
		"W3C, rows too early":        {"kind: w3c", "1 a x\n#Fields: t u v\n", "error: read f: line 1 comes before the line #Fields: that names the columns"},
		"another delimiter":          {"kind: csv", "t;u;v\n1;a;x\n", "error: line 4: the file f has no column \"t\"; it has t;u;v; add 'delimiter: \";\"' to format"},
		"quotes in texts":            {"kind: csv", "t,u,v\n1,a,6\" pipe\n1,b,x\n", "b x | 2 unreadable"},
		"quotes in texts, and lines": {"kind: csv, lazy_quotes: true", "t,u,v\n1,a,6\" pipe\n", "a 6\" pipe"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := readRows(t, strings.Replace(rowsMapping, "FORMAT", test.format, 1), test.file); got != test.want && !(strings.HasPrefix(test.want, "error: line") && strings.HasPrefix(got, "error: m "+strings.TrimPrefix(test.want, "error: "))) {
				t.Errorf("rows = %q\nwant   %q", got, test.want)
			}
		})
	}
}

// readRows maps a file and writes users and values, then the faults behind a bar, or the error.
func readRows(t *testing.T, mapping, file string) string {
	t.Helper()
	m, err := importer.ParseMapping("m", []byte(mapping))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	summary := importer.NewSummary(m, "f")
	err = m.Map("f", strings.NewReader(file), now, &summary, func(e importer.Event) error {
		var one struct {
			UserID     string
			Properties map[string]string
		}
		if err := json.Unmarshal(e.JSON, &one); err != nil {
			return err
		}
		list = append(list, one.UserID+" "+one.Properties["v"])
		return nil
	})
	if err != nil {
		return "error: " + err.Error()
	}
	got := strings.Join(list, ", ")
	if wrong := faults(summary); wrong != nil {
		got += " | " + strings.Join(wrong, ", ")
	}
	return got
}

// TestMoreTimes: counts since 1970 of every size, columns joined, blanks of every kind, and what is said of a time that fits no layout.
func TestMoreTimes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ settings, cell, want string }{
		"microseconds":       {`{column: t, layouts: [unix_us]}`, "1772704800123456", "2026-03-05T10:00:00.123456Z"},
		"nanoseconds":        {`{column: t, layouts: [unix_ns]}`, "1772704800123456789", "2026-03-05T10:00:00.123456789Z"},
		"microseconds, 1969": {`{column: t, layouts: [unix_us]}`, "-1", "1969-12-31T23:59:59.999999Z"},
		"half a microsecond": {`{column: t, layouts: [unix_us]}`, "1.5", `error: "1.5" is no time of the layout unix_us`},
		"narrow blank":       {`{column: t, layouts: ["%I:%M %p %d.%m.%Y"], zone: UTC}`, "03:04\u202fPM 05.03.2026", "2026-03-05T15:04:00Z"},
		"blank of the layout": {
			"{column: t, layouts: [\"02.01.2006\u00a015:04\"], zone: UTC}", "05.03.2026 15:04", "2026-03-05T15:04:00Z",
		},
		"small letters":  {`{column: t, layouts: ["Jan 2, 2006, 3:04 PM"], zone: UTC}`, "mar 5, 2026, 3:04 pm", "2026-03-05T15:04:00Z"},
		"large letters":  {`{column: t, layouts: ["Jan 2, 2006, 3:04 pm"], zone: UTC}`, "MAR 5, 2026, 3:04 PM", "2026-03-05T15:04:00Z"},
		"midnight":       {`{column: t, layouts: ["Jan 2, 2006, 3:04 PM"], zone: UTC}`, "Mar 5, 2026, 12:00 AM", "2026-03-05T00:00:00Z"},
		"layout to add":  {`{column: t, layouts: [rfc3339]}`, "2026-03-05 10:00:00", `error: "2026-03-05 10:00:00" is no time of the layout rfc3339; add "%Y-%m-%d %H:%M:%S" to time.layouts`},
		"two fit":        {`{column: t, layouts: [rfc3339]}`, "05/03/2026", `error: "05/03/2026" is no time of the layout rfc3339; add one of "%d/%m/%Y" or "%m/%d/%Y" to time.layouts`},
		"one of the two": {`{column: t, layouts: [rfc3339]}`, "25/03/2026", `error: "25/03/2026" is no time of the layout rfc3339; add "%d/%m/%Y" to time.layouts`},
		"milliseconds":   {`{column: t, layouts: [rfc3339]}`, "1772704800123", `error: "1772704800123" is no time of the layout rfc3339; add unix_ms to time.layouts`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, err := importer.ReadTime(test.settings, test.cell)
			got := at.Format(time.RFC3339Nano)
			if err != nil {
				got = "error: " + err.Error() + adviceOf(err, "timestamp")
			}
			if got != test.want && got != test.want+adviceOf(err, "timestamp") {
				t.Errorf("time %s of %q = %s, want %s", test.settings, test.cell, got, test.want)
			}
		})
	}
	for file, want := range map[string]string{
		"day,clock,u,v\n2026-03-05,14:30,a,x\n":        "a 2026-03-05T13:30:00Z",
		"day,clock,u,v\n 2026-03-05 , 14:30 ,a,x\n":    "a 2026-03-05T13:30:00Z",
		"day,clock,u,v\n2026-03-05,,a,x\n":             "2 bad_time",
		"day,clock,u,v\n2026-03-05,half past two,a,\n": "2 bad_time",
	} {
		mapping := "name: m\nversion: 1\ntime: {template: \"{day} {clock}\", layouts: [\"%Y-%m-%d %H:%M\"], zone: Europe/Berlin}\nidentifiers: {user: u}\nevents: [{event: E}]\n"
		events, summary := mapText(t, mapping, file)
		got := strings.Join(append(shown(events, func(e mapped) string { return e.UserID + " " + e.Timestamp }), faults(summary)...), ", ")
		if got != want {
			t.Errorf("two columns of %q = %s, want %s", file, got, want)
		}
	}
}

func adviceOf(err error, field string) string {
	if a, ok := importer.Advisable(err).(interface{ Advice(string) string }); ok {
		return a.Advice(field)
	}
	return ""
}
