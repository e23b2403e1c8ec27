package kpi_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"waymark/shared/domain/kpi"
)

const docsPath = "../../../docs/kpi.md"

// TestDocs keeps docs/kpi.md equal to the table of definitions; make golden rewrites it.
func TestDocs(t *testing.T) {
	t.Parallel()
	want := docs()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(docsPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docsPath)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/kpi.md is not what the table of definitions says; run make golden and review the diff")
	}
}

func docs() string {
	var b strings.Builder
	fmt.Fprintf(&b, docsHead, kpi.Definitions)
	for _, m := range kpi.Metrics {
		numerator, denominator := m.Numerator, m.Denominator
		if numerator == "" {
			numerator, denominator = "the count", "none"
			if m.Unit == kpi.UnitCurrency {
				numerator = "the amount"
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", m.Name, unitText(m.Unit), m.Counts, numerator, denominator, dimensions(m))
	}
	b.WriteString(docsTail)
	return b.String()
}

func unitText(u kpi.Unit) string {
	if u == kpi.UnitCurrency {
		return "currency code"
	}
	return string(u)
}

func dimensions(m kpi.Metric) string {
	var names []string
	for _, d := range m.Dimensions {
		names = append(names, string(d))
	}
	if len(names) == len(kpi.Dimensions)-1 {
		return "all"
	}
	return strings.Join(names, ", ")
}

const docsHead = `# The KPIs

Made from the table of definitions in shared/domain/kpi by its test: change the table, then ` + "`make golden`" + `. This is version %d of the
definitions; every stored window and every export names the version it was made under.

| id | unit | counts | numerator | denominator | by |
|---|---|---|---|---|---|
`

const docsTail = `
## What the words mean

- A **touchpoint** is a track, page or screen event. Identify, group and alias calls carry facts about a person and are not counted.
- A **person** is a tree of linked identifiers, as linked today: a link made tomorrow changes yesterday's numbers, and they are computed anew.
- A **session** is a run of one person's touchpoints over all devices. A touchpoint exactly 30 minutes after the last one is still in it; one a
  millisecond later begins a new one. A session is counted where it begins, also across midnight. A new channel within it begins no new one.
- An **order** is an order id of ` + "`Order Completed`" + `. Of several events with one order id, by whomever, the earliest counts, by the device's time, then
  message id, then source. A refund is a refund id of ` + "`Order Refunded`" + `, by the same rule. An event without such an id is an order of its own.
- The **amount** is ` + "`revenue`, else `total`, else `value`" + `, else the sum of price × quantity of the products. Refunds are not taken from revenue.
- A person is **active** with a touchpoint in the window. A stage that is entered by silence makes nobody active.

## Windows

A window counts by the **corrected time**: the device's own time, with a clock that is wrong by more than 5 minutes put right by the time between
sending and receipt. Windows are cut in the workspace's time zone: a day has 23 or 25 hours where the clock is changed, weeks begin on Monday,
a quarter with January, April, July or October. ` + "`period`" + ` is one window between any two days, made when asked for.

What comes late, or is linked late, marks the windows it touches; the next rollup computes them anew and raises their revision where a number
changed. Nothing is ever added to a stored number.

## Numerator, denominator, n

Every row keeps its numerator and, for means and ratios, its denominator; the value is made on reading, so means of months are never averaged
into a year. With a denominator of 0 there is **no value**, never 0. **n** is what the number rests on: touchpoints, sessions, persons or orders.
Money is in millionths inside and a decimal text outside; each currency has rows of its own and is never converted. An order that names no
currency has the workspace's.

Every window that was computed has a row of every metric for the whole, zero or not; a dimension's values have rows where something was counted.

## Dimensions

| by | of a touchpoint, an active or new person | of a session | of an order, a refund, a buyer | of a stage entry |
|---|---|---|---|---|
| channel | its own sign; without one, its session's | its first touchpoint with a sign, else ` + "`direct`" + ` | its session's | as the touchpoint that caused it |
| source | the source that sent it | of its first touchpoint | the source that sent it | as the touchpoint that caused it |
| stage | the stage after it | after its first touchpoint | the stage after it | the stage entered |
| country | the country the event names | the first that one of its touchpoints names | the country the event names | as the touchpoint that caused it |

What an event says nothing of is ` + "`unknown`" + `, and so is everything but the stage of an entry that time alone made. So the parts add up to the whole for
touchpoints, sessions, stage entries, orders, revenue, refunds, new persons and new buyers. They do **not** add up for active persons and buyers: who
came by two channels is in both. For the same reason persons are never added over windows: a month's are counted from what each person did on each
of its days. ` + "`conversion_rate`" + ` by channel divides buyers by their sessions' channel by persons active in a touchpoint's own channel.

## How exact

Distinct persons are exact at every size. Each day keeps what each person did; weeks, months and periods are merged from their days person by
person, quarters and years from their months, so nobody is counted twice. There is no sketch, hence no error to state.

All other numbers are exact sums of integers. What is not known exactly are the times of devices whose clocks are wrong: see "Windows".
`
