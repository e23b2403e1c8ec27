package importer_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"waymark/infra/importer"
)

// TestNumbers: what a column of numbers holds, by what the mapping says of it. A value that does not fit is refused, never read as another.
func TestNumbers(t *testing.T) {
	t.Parallel()
	const bad = "bad"
	forms := map[string]map[string]string{
		`decimal: ",", thousands: "."`: {
			"1.234": "1234", "12.345.678": "12345678", "1.234,56": "1234.56", "999": "999", "1234567,89": "1234567.89", "-1.234": "-1234",
			",5": "0.5", "1,": "1", "007,10": "7.10", "+1.234,5": "1234.5", "\u22121.234,5": "-1234.5", "1,5E3": "1.5E3", "0": "0", "0,001": "0.001",
			"12.50": bad, "1.23": bad, "1.2345": bad, "1.234.56": bad, ".5": bad, "1234.567": bad, "0.123": bad, "1..234": bad, ".123": bad,
			"123.": bad, "1.234.": bad, "0.123.456": bad, "00.123": bad, "1,234.567": bad, "1.234,567.8": bad, "1,2,3": bad, "1.234E3": bad, "1.234,5E3": bad,
			"1.23,4": bad, "12.3456": bad, "1.234 567": bad, "1 234": bad, "1'234": bad, "": "", "-": bad, ",": bad, "--1": bad, "1-": bad,
			"(1,00)": bad, "€1": bad, "1,00 EUR": bad, "0x10": bad, "1_000": bad, "١٢": bad, "Inf": bad, "NaN": bad, "1,5%": bad,
		},
		`thousands: ","`: {
			"1,234": "1234", "12,345,678": "12345678", "1,234.56": "1234.56", "1,234.5678": "1234.5678", "1234.5": "1234.5", ".5": "0.5", "5.": "5",
			"12,50": bad, "1,23": bad, "1,2345": bad, "1,23,456.78": bad, "0,123": bad, "1234,567": bad, ",123": bad, "1,234,56": bad, "1,234,5678": bad,
			"1.234,567": bad, "1.5,000": bad, "1,234e5": bad, "1,234.5e3": bad, "1234,": bad,
		},
		`thousands: ",", grouping: indian`: {
			"1,23,456.78": "123456.78", "12,34,567": "1234567", "1,234": "1234", "12,345": "12345", "1,00,00,000": "10000000", "999.5": "999.5",
			"123,456": bad, "1,234,567": bad, "1,2,345": bad, "12,34,56": bad, "1,23,45": bad, "0,12,345": bad,
		},
		`decimal: ",", thousands: " "`: {
			"1 234,56": "1234.56", "1\u00a0234,56": "1234.56", "1\u202f234,56": "1234.56", "1\u2009234,56": "1234.56", "1\u2007234,5": "1234.5",
			"1\u3000234": "1234", "1\u00a0234\u202f567,8": "1234567.8", "-1 234,56": "-1234.56", "- 12,50": "-12.50",
			"1 23,5": bad, "12 34": bad, "1  234": bad, "1 2345": bad, "0 123": bad, "1.234,5": bad, "12,5 5": bad, "1 234 56,7": bad,
		},
		`decimal: ",", thousands: "\u00a0"`: {"1 234,56": "1234.56", "1\u202f234": "1234", "1 23": bad},
		`thousands: "'"`:                    {"1'234.50": "1234.50", "1’234’567": "1234567", "1'23": bad, "'123": bad},
		`currency_sign: "€"`:                {"12.50 €": "12.50", "€ 12.50": "12.50", "€12.50": "12.50", "-€12.50": "-12.50", "€-12.50": "-12.50", "12.50": "12.50", "12.50 $": bad, "€": bad, "12€50": bad, "€12€": bad},
		`currency_sign: ["$", US$, USD]`:    {"US$12": "12", "$12": "12", "12 USD": "12", "USD 12.5": "12.5", "C$12": bad, "12 EUR": bad, "$US 1": bad},
		`brackets: true`:                    {"(12.50)": "-12.50", "( 12.50 )": "-12.50", "12.50": "12.50", "-12.50": "-12.50", "(-12.50)": bad, "-(12.50)": bad, "(12.50": bad, "12.50)": bad, "-12)": bad, "()": bad, "((1))": bad},
		`brackets: true, currency_sign: $`:  {"($12.50)": "-12.50", "$(12.50)": "-12.50", "(12.50)$": "-12.50"},
		`trailing_minus: true`:              {"12.50-": "-12.50", "12.50 -": "-12.50", "12.50\u2212": "-12.50", "-12.50": "-12.50", "-12.50-": bad, "12-50": bad},
		`absolute: true, brackets: true`:    {"(12.50)": "12.50", "-3": "3", "\u22123": "3"},
		`scale: -2`:                         {"1099": "10.99", "5": "0.05", "-50": "-0.50", "0": "0.00", "1234.5": "12.345", "1.5e3": "0.015e3", "": ""},
		`scale: 3`:                          {"1.5": "1500", "-0.0005": "-0.5", "2": "2000"},
		`scale: 0`:                          {"1.5": "1.5"},
	}
	for form, cases := range forms {
		for cell, want := range cases {
			var got any
			got, err := importer.Evaluate(`{column: n, type: number, `+form+`}`, map[string]string{"n": cell})
			if err != nil {
				got = json.Number(bad)
				if !strings.Contains(err.Error(), "is not a number") {
					t.Errorf("%s of %q: %v", form, cell, err)
				}
			}
			if got == nil {
				got = json.Number("")
			}
			if got != json.Number(want) {
				t.Errorf("{%s} of %q = %v, want %v", form, cell, got, want)
			}
		}
	}
}

// TestAdvice: a cell that does not fit says which line to add to the mapping, and what the cell would then be.
func TestAdvice(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ form, cell, want string }{
		{``, "12,50", `add 'decimal: ","' to n (12.50)`},
		{``, "1.234,50", `add 'decimal: ","' and 'thousands: "."' to n (1234.50)`},
		{``, "1,234", `add 'decimal: ","' to n (1.234), or 'thousands: ","' to n (1234)`},
		{``, "1,234,567.5", `add 'thousands: ","' to n (1234567.5)`},
		{``, "1\u202f234.5", `add 'thousands: " "' to n (1234.5)`},
		{``, "1'234.5", `add 'thousands: "'"' to n (1234.5)`},
		{``, "1,23,456.7", `add 'thousands: ","' and 'grouping: indian' to n (123456.7)`},
		{``, "12.50 €", `add 'currency_sign: "€"' to n (12.50)`},
		{``, "US$ 12.50", `add 'currency_sign: "US$"' to n (12.50)`},
		{``, "12.50 EUR", `add 'currency_sign: "EUR"' to n (12.50)`},
		{``, "(12.50)", `add 'brackets: true' to n (-12.50)`},
		{``, "12.50-", `add 'trailing_minus: true' to n (-12.50)`},
		{`, thousands: ",", decimal: "."`, "12,50", `add 'decimal: ","' to n (12.50)`},
		{``, "many", ``},
		{``, "12 apples", ``},
		{``, "12,5 %", ``},
	} {
		_, err := importer.Evaluate(`{column: n, type: number`+test.form+`}`, map[string]string{"n": test.cell})
		adviser, ok := errors.AsType[interface {
			error
			Advice(string) string
		}](importer.Advisable(err))
		if !ok {
			t.Errorf("%q: %v has no advice", test.cell, err)
			continue
		}
		if got := strings.TrimPrefix(adviser.Advice("n"), "; "); got != test.want {
			t.Errorf("advice for %q with {%s} = %q, want %q", test.cell, test.form, got, test.want)
		}
	}
}

// TestMinorUnits: amounts in the smallest unit are scaled by the currency of their row.
func TestMinorUnits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ scale, currency, amount, want string }{
		{"minor", "EUR", "1099", "10.99"},
		{"minor", " eur ", "-5", "-0.05"},
		{"minor", "JPY", "500", "500"},
		{"minor", "KRW", "12000", "12000"},
		{"minor", "KWD", "12345", "12.345"},
		{"minor", "CLF", "12345", "1.2345"},
		{"{ISK: 2, UGX: 2}", "isk", "250000", "2500.00"},
		{"{ISK: 2, UGX: 2}", "EUR", "1099", "10.99"},
		{"-2", "EUR", "1099", "10.99"},
		{"-2", "", "1099", "10.99"},
		{"-6", "JPY", "1500000", "1.500000"},
		{"minor", "", "1099", `its currency is ""`},
		{"minor", "Euro", "1099", `its currency is "Euro"`},
		{"minor", "XYZ", "1099", "how many decimals the currency XYZ has is not known; write them, for example 'scale: {XYZ: 2}'"},
		{"-2", "JPY", "500", "'scale: -2' would make 5.00 JPY of 500, and JPY has 0 decimals; write 'scale: minor'"},
		{"-2", "BHD", "500", "BHD has 3 decimals"},
	} {
		mapping := "name: m\nversion: 1\ntime: {column: t, layouts: [unix]}\nidentifiers: {user: u}\nevents:\n  - event: Order Completed\n" +
			"    properties: {currency: c, revenue: {column: a, type: number, scale: " + test.scale + "}}\n"
		events, summary := mapText(t, mapping, "t,u,c,a\n1700000000,x,"+test.currency+","+test.amount+"\n")
		got := ""
		if len(events) == 1 {
			got = string(events[0].Properties["revenue"])
		} else if len(summary.Problems) == 1 {
			got = summary.Problems[0].Reason
		}
		if got != test.want && (len(events) == 1 || !strings.Contains(got, test.want)) {
			t.Errorf("scale: %s of %s %s = %s, want %s", test.scale, test.amount, test.currency, got, test.want)
		}
	}
	events, _ := mapText(t, "name: m\nversion: 1\ntime: {column: t, layouts: [unix]}\nidentifiers: {user: u}\ncontext: {worth: {column: a, type: number, scale: minor}}\nevents:\n"+
		"  - {event: A, properties: {currency: {constant: JPY}}}\n  - {event: B, properties: {currency: c}}\n", "t,u,c,a\n1700000000,x,EUR,500\n")
	if len(events) != 2 || string(events[0].Context) != `{"worth":500}` || string(events[1].Context) != `{"worth":5.00}` {
		t.Errorf("two events with currencies of their own = %s, want 500 JPY and 5.00 EUR", events)
	}
	_, err := importer.ParseMapping("m", []byte("name: m\nversion: 1\ntime: {column: t, layouts: [unix]}\nidentifiers: {user: u}\nevents:\n"+
		"  - event: Order Completed\n    properties: {revenue: {column: a, type: number, scale: minor}}\n"))
	if err == nil || !strings.Contains(err.Error(), "scales revenue by its currency and has none") {
		t.Errorf("scale: minor without a currency = %v, want a fault", err)
	}
}

// mapped is an event as a test looks at it.
type mapped struct {
	Type, Event, UserID, AnonymousID, MessageID, Timestamp string
	Properties                                             map[string]json.RawMessage
	Context                                                json.RawMessage
}

func mapText(t *testing.T, mapping, file string) ([]mapped, importer.Summary) {
	t.Helper()
	m, err := importer.ParseMapping("m", []byte(mapping))
	if err != nil {
		t.Fatal(err)
	}
	summary := importer.NewSummary(m, "f")
	events, err := mapInto(m, file, &summary)
	if err != nil {
		t.Fatal(err)
	}
	return events, summary
}

func mapWith(t *testing.T, m *importer.Mapping, file string) ([]mapped, error) {
	t.Helper()
	summary := importer.NewSummary(m, "f")
	return mapInto(m, file, &summary)
}

func mapInto(m *importer.Mapping, file string, summary *importer.Summary) ([]mapped, error) {
	var events []mapped
	err := m.Map("f", strings.NewReader(file), now, summary, func(e importer.Event) error {
		var one mapped
		if err := json.Unmarshal(e.JSON, &one); err != nil {
			return err
		}
		events = append(events, one)
		return nil
	})
	return events, err
}
