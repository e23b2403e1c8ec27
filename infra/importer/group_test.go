package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"waymark/infra/importer"
)

// orders is a mapping of order lines; what stands in its event is put in place of RULES.
const orders = `name: m
version: 1
time: {column: t, layouts: [unix]}
identifiers: {user: who}
events:
  - event: Order Completed
    group_by: no
    RULES
    properties: {order_id: no, total: {column: total, type: number}}
    products: {total: revenue, each: {sku: sku, price: {column: price, type: number}, quantity: {column: qty, type: number}}}
`

const header = "no,who,t,state,total,sku,price,qty\n"

// mapOrders gives the orders as id and revenue, then faults, then rows as read=used+skipped+rejected.
func mapOrders(t *testing.T, rules, lines string) string {
	t.Helper()
	mapping := strings.Replace(orders, "RULES", rules, 1)
	if rules == "" {
		mapping = strings.Replace(orders, "    RULES\n", "", 1)
	}
	events, summary := mapText(t, mapping, header+lines)
	list := shown(events, func(e mapped) string {
		return fmt.Sprintf("%s=%s (%d)", text(e.Properties["order_id"]), strings.TrimSuffix(string(e.Properties["revenue"]), ".00"), strings.Count(string(e.Properties["products"]), `"sku"`))
	})
	r := summary.Rows
	return strings.Join(append(list, faults(summary)...), ", ") + fmt.Sprintf("; %d=%d+%d+%d", r.Read, r.Used, r.Skipped, r.Rejected)
}

// TestGroups: an order is imported whole or not at all, in whatever order its lines stand, and lines that look wrong are named.
func TestGroups(t *testing.T) {
	t.Parallel()
	const a, b, c = "1,u,5,paid,30,x,10,1\n", "1,u,5,paid,30,y,20,1\n", "2,v,6,paid,5,z,5,1\n"
	for name, test := range map[string]struct{ rules, lines, want string }{
		"whole":            {"", a + b + c, "1=30 (2), 2=5 (1); 3=3+0+0"},
		"apart":            {"", a + c + b, "1=30 (2), 2=5 (1); 3=3+0+0"},
		"key with blanks":  {"", a + " 1 ,u,5,paid,30,y,20,1\n", "1=30 (2); 2=2+0+0"},
		"price, second":    {"", a + "1,u,5,paid,30,y,?,1\n" + c, "2=5 (1), 3 bad_value; 3=1+0+2"},
		"price, first":     {"", "1,u,5,paid,30,y,?,1\n" + a + c, "2=5 (1), 2 bad_value; 3=1+0+2"},
		"total, later":     {"", a + "1,u,7,paid,?,y,20,1\n" + c, "2=5 (1), 3 bad_value; 3=1+0+2"},
		"total, earlier":   {"", "1,u,7,paid,?,y,20,1\n" + a + c, "2=5 (1), 2 bad_value; 3=1+0+2"},
		"time, second":     {"", a + "1,u,soon,paid,30,y,20,1\n" + c, "2=5 (1), 3 bad_time; 3=1+0+2"},
		"time, first":      {"", "1,u,soon,paid,30,y,20,1\n" + a + c, "2=5 (1), 2 bad_time; 3=1+0+2"},
		"too short":        {"", a + "1,u,5,paid,30,y\n" + c, "2=5 (1), 3 unreadable, 3 group_incomplete; 3=1+0+2"},
		"too short, first": {"", "1,u,5,paid,30,y\n" + a + c, "2=5 (1), 2 unreadable, 2 group_incomplete; 3=1+0+2"},
		"too long":         {"", a + "1,u,5,paid,30,y,20,1,9\n" + c, "2=5 (1), 3 unreadable, 3 group_incomplete; 3=1+0+2"},
		"stray quote":      {"", a + "1,u,5,paid,30,y\"z,20,1\n" + c, "2=5 (1), 3 unreadable, 3 group_incomplete; 3=1+0+2"},
		"not UTF-8":        {"", a + "1,u,5,paid,30,\xff,20,1\n" + c, "2=5 (1), 3 unreadable, 3 group_incomplete; 3=1+0+2"},
		"nobody knows":     {"", a + "\"x\"y\n" + b + c, "1=30 (2), 2=5 (1), 3 unreadable, 3 group_unknown; 4=3+0+1"},
		"only unreadable":  {"", "3,u\n" + c, "2=5 (1), 2 unreadable; 2=1+0+1"},
		"two persons":      {"", a + "1,w,5,paid,30,y,20,1\n", "3 group_disagrees; 2=0+0+2"},
		"without a key":    {"", a + ",u,5,paid,30,y,20,1\n", "1=10 (1), 3 bad_value; 2=1+0+1"},

		"equal":            {"", a + b + a, "1=40 (3), 4 equal_lines; 3=3+0+0"},
		"equal, dropped":   {"distinct: true", a + b + a + c, "1=30 (2), 2=5 (1), 4 equal_lines_dropped; 4=4+0+0"},
		"equal, three":     {"distinct: true", a + a + a, "1=10 (1), 3 equal_lines_dropped, 4 equal_lines_dropped; 3=3+0+0"},
		"almost equal":     {"distinct: true", a + "1,u,5,paid,30,x,10,2\n", "1=30 (2); 2=2+0+0"},
		"equal, of others": {"distinct: true", a + "2,u,5,paid,30,x,10,1\n", "1=10 (1), 2=10 (1); 2=2+0+0"},
		"totals differ":    {"", a + "1,u,5,paid,20,y,20,1\n", "1=30 (2), 3 lines_differ; 2=2+0+0"},
		"all out":          {"where: {column: state, op: \"=\", value: paid}", "1,u,5,void,30,x,10,1\n1,u,5,void,30,y,20,1\n" + c, "2=5 (1); 3=1+2+0"},
		"blank below, in":  {"where: {column: state, op: in, value: [paid]}", a + "1,u,5,,,y,20,1\n", "1=30 (2); 2=2+0+0"},
		"blank below, out": {"where: {column: state, op: \"!=\", value: void}", "1,u,5,void,30,x,10,1\n1,u,5,,,y,20,1\n" + c, "2=5 (1); 3=1+2+0"},
		"blank above, out": {"where: {column: state, op: \"!=\", value: void}", "1,u,5,,,y,20,1\n1,u,5,void,30,x,10,1\n" + c, "2=5 (1); 3=1+2+0"},
		"blank, other between": {
			"where: {column: state, op: \"=\", value: paid}", a + "2,v,6,void,5,z,5,1\n1,u,5,,,y,20,1\n", "1=30 (2); 3=2+1+0",
		},
		"they disagree":       {"where: {column: state, op: \"=\", value: paid}", a + "1,u,5,void,30,y,20,1\n" + c, "2=5 (1), 3 group_disagrees; 3=1+0+2"},
		"they disagree, back": {"where: {column: state, op: \"=\", value: paid}", "1,u,5,void,30,y,20,1\n" + a + c, "2=5 (1), 3 group_disagrees; 3=1+0+2"},
		"no number":           {"where: {column: qty, op: \">\", value: 0}", a + "1,u,5,paid,30,y,20,one\n" + c, "2=5 (1), 3 group_disagrees; 3=1+0+2"},
		"no number, alone":    {"where: {column: qty, op: \">\", value: 0}", "3,u,5,paid,30,y,20,one\n" + c, "2=5 (1), 2 filter_no_number; 2=1+1+0"},
		"the first decides":   {"group_where: {column: state, op: \"=\", value: paid}", a + "1,u,5,void,30,y,20,1\n" + "3,w,5,void,1,x,1,1\n3,w,5,paid,1,x,1,1\n", "1=30 (2); 4=2+2+0"},
		"lines left out":      {"line_where: {column: qty, op: \">\", value: 0}", a + "1,u,5,paid,30,y,20,0\n3,w,5,paid,30,y,20,0\n", "1=10 (1); 3=1+2+0"},
		"first line left out": {
			"carry: [who, t]\n    line_where: {column: sku, op: \"!=\", value: \"\"}", "1,u,5,paid,30,,,\n1,,,,,y,20,1\n1,,,,,x,10,1\n", "1=30 (2); 3=2+1+0",
		},
		"carried":          {"carry: [who, t]", a + "1,,,,,y,20,1\n" + c + "1,,,,,z,1,1\n", "1=31 (3), 2=5 (1); 4=4+0+0"},
		"carried upwards":  {"carry: [who, t]", "1,,,,,y,20,1\n" + a, "1=30 (2); 2=2+0+0"},
		"not carried":      {"", a + "1,,5,,,y,20,1\n", "3 group_disagrees; 2=0+0+2"},
		"carried key":      {"carry: [no, who, t]", a + ",,,,,y,20,1\n" + c + ",,,,,y,1,1\n", "1=30 (2), 2=6 (2); 4=4+0+0"},
		"carried key, cut": {"carry: [no, who, t]", a + "2,v\n,,,,,y,20,1\n" + c, "1=10 (1), 3 unreadable, 3 group_incomplete, 4 bad_value; 4=1+0+3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := mapOrders(t, test.rules, test.lines); got != test.want {
				t.Errorf("orders = %s\nwant     %s", got, test.want)
			}
		})
	}
}

// TestFilterOfTheMapping: a filter for all events speaks of whole groups too, and of single rows where nothing is grouped.
func TestFilterOfTheMapping(t *testing.T) {
	t.Parallel()
	mapping := "where: {column: state, op: \"=\", value: paid}\n" + strings.Replace(orders, "    RULES\n", "", 1) + "  - {event: Line Seen, properties: {sku: sku}}\n"
	events, summary := mapText(t, mapping, header+"1,u,5,paid,30,x,10,1\n1,u,5,,,y,20,1\n2,v,5,void,5,z,5,1\n")
	got := shown(events, func(e mapped) string {
		return e.Event + " " + text(e.Properties["sku"]) + string(e.Properties["revenue"])
	})
	const want = "Line Seen x, Order Completed 30.00"
	if strings.Join(got, ", ") != want || summary.Rows != (importer.Rows{Read: 3, Used: 2, Skipped: 1}) {
		t.Errorf("events = %s, rows %+v; want %s and 2 of 3 rows used", strings.Join(got, ", "), summary.Rows, want)
	}
}

// TestFiltersOfNumbers: a row that a filter leaves out because its number is written otherwise is named.
func TestFiltersOfNumbers(t *testing.T) {
	t.Parallel()
	const mapping = "name: m\nversion: 1\ntime: {column: t, layouts: [unix]}\nidentifiers: {user: u}\nevents: [{event: E, where: [{column: a, op: \">\", value: 0 FORM}]}]\n"
	const file = "t,u,a\n1,a,\"1,50\"\n1,b,2\n1,c,-3\n1,d,\n1,e,none\n"
	for form, want := range map[string]string{"": "b, 2 filter_no_number, 6 filter_no_number", `, decimal: ","`: "a, b, 6 filter_no_number"} {
		events, summary := mapText(t, strings.Replace(mapping, " FORM", form, 1), file)
		got := strings.Join(append(shown(events, func(e mapped) string { return e.UserID }), faults(summary)...), ", ")
		if got != want {
			t.Errorf("events and warnings with %q = %s, want %s", form, got, want)
		}
	}
}

// TestCutIDs: an id that a spreadsheet has cut is named wherever the mapping takes it from, once a row; a number is none.
func TestCutIDs(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"1.00125E+11": "2 cut_id", "1,00125E+11": "2 cut_id", "9E+15": "2 cut_id", " 1.5E+12 ": "2 cut_id",
		"100125000000": "", "1.00125e11": "", "E+11": "", "A1.5E+11": "", "1.5E-11": "", "0.5E+11": "",
	} {
		for _, values := range []string{
			"identifiers: {user: v}", "identifiers: {user: {template: \"u-{v}\"}}", "identifiers: {user: {first: [w, v]}}",
			"identifiers: {user: u}\nproperties: {sku: v}", "identifiers: {user: u, else: {anonymous: v}}",
			"identifiers: {user: u}\nproperties: {order_id: v, again: v}",
		} {
			_, summary := mapText(t, "name: m\nversion: 1\ntime: {column: t, layouts: [unix]}\n"+values+"\nevents: [{event: E}]\n", "t,u,v,w\n5,u,\""+cell+"\",\n")
			if got := strings.Join(faults(summary), ", "); got != want {
				t.Errorf("%q with %s: %q, want %q", cell, values, got, want)
			}
		}
	}
	_, summary := mapText(t, "name: m\nversion: 1\ntime: {column: t, layouts: [unix]}\nidentifiers: {user: u}\nevents: [{event: E, group_by: v, properties: {n: {column: w, type: number}}}]\n",
		"t,u,v,w\n5,u,1.5E+11,1.5E+11\n")
	if got := strings.Join(faults(summary), ", "); got != "2 cut_id" || summary.Notes[0].Field != "group_by" {
		t.Errorf("a cut key of a group: %q, %+v; want one of group_by", got, summary.Notes)
	}
}

// TestSummaryText: a summary fits a terminal of 80 columns and says what to do.
func TestSummaryText(t *testing.T) {
	t.Parallel()
	_, summary := mapText(t, strings.Replace(orders, "    RULES\n", "", 1), header+
		"1,u,5,paid,30,x,10,1\n1,u,5,paid,30,x,10,1\n2,u,5,paid,\"1,50\",x,10,1\n3,1.00125E+11,5,paid,30,x,10,1\n4,u,5,paid,30,x,10,1\n4,w,5,paid,30,x,10,1\n")
	summary.Complete = true
	var b strings.Builder
	if err := summary.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	const want = `f: 6 rows read, 3 used, 0 skipped by filters, 3 rejected
  events: 2 mapped, 0 repeats left out
    Order Completed                  2 of 3 rows
  sent: 0 accepted, 0 rejected, 0 refused; 0 retries, 0.0 s
  1 × bad_value
  1 × group_disagrees
    line 4 (Order Completed) properties.total: "1,50" is not a number; add
      'decimal: ","' to total (1.50)
    line 7 (Order Completed) identifiers: the rows of the group name different
      persons; if further lines leave them blank, add 'carry: [who]' to the
      event
  warning: 1 × cut_id: ids that a spreadsheet took for numbers and cut: their
    last digits are lost, and different ids may have become one; export the file
    again and do not open it in a spreadsheet
  warning: 1 × equal_lines: lines equal to another of their group, and counted
    too; if they are there by mistake, add 'distinct: true' to the event
    line 3 (Order Completed): equal to line 2
    line 5 (Order Completed) identifiers.user: "1.00125E+11" is what a
      spreadsheet leaves of a long number
`
	if b.String() != want {
		t.Errorf("summary =\n%s\nwant\n%s", b.String(), want)
	}
}
