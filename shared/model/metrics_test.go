package model_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/model"
)

const docsPath = "../../docs/kpi.md"

// TestDocs keeps docs/kpi.md equal to metrics.yaml; make golden rewrites it.
func TestDocs(t *testing.T) {
	t.Parallel()
	d, err := model.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	want := docs(d)
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
		t.Errorf("docs/kpi.md is not what metrics.yaml says; run make golden and review the diff")
	}
}

func docs(d *kpi.Definitions) string {
	var b strings.Builder
	fmt.Fprintf(&b, docsHead, d.Version)
	for _, m := range d.Metrics {
		unit := string(m.Unit)
		if m.Unit == kpi.UnitCurrency {
			unit = "currency code"
		}
		denominator := "none"
		if m.Denominator != "" {
			denominator = "`" + string(m.Denominator) + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` | %s | `%s` | %s | %s | %s | %d |\n",
			m.Name, unit, m.Sentence, m.Numerator, denominator, m.N, cmp.Or(string(m.Interval), "none"), m.Good, dimensions(m), m.Since)
	}
	b.WriteString(docsMeasures)
	for _, m := range d.Set().Definitions() {
		if m.Product != [2]measure.Name{} || strings.HasSuffix(string(m.Name), ":persons") {
			continue // of intervals
		}
		of := "all"
		if perCurrency, _ := d.Set().Has(m.Name); perCurrency {
			of = "each currency apart"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %d |\n", m.Name, counted(m), of, m.Since)
	}
	b.WriteString(docsSignals)
	names, sentences, _ := measure.Signals()
	for i, name := range names {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, sentences[i])
	}
	b.WriteString(docsTail)
	return b.String()
}

func dimensions(m kpi.Metric) string {
	if len(m.Dimensions) == len(measure.Dimensions)-1 {
		return "all"
	}
	if len(m.Dimensions) == len(measure.Dimensions)-2 && !slices.Contains(m.Dimensions, measure.ByPage) {
		return "all but page"
	}
	names := make([]string, len(m.Dimensions))
	for i, d := range m.Dimensions {
		names[i] = string(d)
	}
	return strings.Join(names, ", ")
}

func counted(m measure.Definition) string {
	switch {
	case m.Staying:
		return "active persons, in the stage that they are in at the window's end"
	case m.Amount != "":
		return "the amount of " + map[measure.Amount]string{
			measure.Revenue: "orders", measure.Refunds: "refunds", measure.Cancellations: "cancellations", measure.Updates: "updates, which may be less than 0",
			measure.NetRevenue: "orders and updates without refunds and cancellations", measure.Costed: "orders that say what their goods cost",
			measure.Cost: "what goods cost, of orders that say it", measure.Margin: "orders that say what their goods cost, without that cost",
		}[m.Amount]
	case m.Sum != "":
		return "sum of `" + string(m.Sum) + "`"
	}
	return fmt.Sprintf("persons for whom `%s` is at least %d", m.Persons, cmp.Or(m.AtLeast, 1))
}

const docsHead = `# The KPIs

Made from shared/model/metrics.yaml by a test of that package: change the file, then ` + "`make golden`" + `. This is version %d of the definitions; every
stored window and every export names the version it was made under. A metric that is new is left out of answers until everybody was counted in it.

| id | unit | what is counted | numerator | denominator | n | interval | good | by | since |
|---|---|---|---|---|---|---|---|---|---|
`

const docsMeasures = `
## Measures

What is counted and stored of each window. Metrics are formulas over measures, evaluated on reading.

| id | what is counted | of | since |
|---|---|---|---|
`

const docsSignals = `
Intervals by the delta method need, of a metric y ÷ x, Σy², Σxy and Σx² over persons, and the number of persons with an x: these are measures too, named
` + "`y*y`, `y*x`, `x*x` and `x:persons`" + `. Amounts are multiplied in whole hundredths of the unit.

### Signals

Few steps are counted for these. They count where the touchpoint does, and only track events have them; ` + "`stage_advances`" + ` counts in the stage that is left.
An answer to a survey counts by the type that its sender declares, ` + "`survey_type`" + `, never by its scores: one without a type, or with scores or a scale that do
not fit it, is none.

| id | a step is counted when |
|---|---|
`

const docsTail = `
A step is counted for ` + "`touchpoints`" + ` when an event made it, for ` + "`activities`" + ` when the person did it, for ` + "`sessions`" + ` when it begins one, for ` + "`stage_entries`" + ` when the stage changes at it, for
` + "`first_steps`" + ` when it is the person's first ever, for ` + "`orders`, `first_orders` and `refund_count`" + ` when it is an order, the person's first ever, or a refund,
for ` + "`cancelled_orders` and `order_updates`" + ` when it is a cancellation or an update, and for ` + "`order_events`" + ` when it is any of these.
It is counted for ` + "`page_views`" + ` when it is a page or screen, and of a session, at its first step, for ` + "`page_sessions`" + ` when it has pages or screens, for ` + "`bounces`" + ` when it has
exactly one, for ` + "`session_pages`" + ` as often as it has, and for ` + "`session_seconds`" + ` as many as there are from its first step to its last, rounded to whole ones.
It is counted for ` + "`server_touchpoints`" + ` when a server has sent the event that made it, and for ` + "`server_orders`" + ` when it is of an order and a server has said what the
order comes to: of these no metric is made. It is counted for ` + "`costed_orders`" + ` when it is an order with a property ` + "`cost`" + `: what its goods cost, in the order's
currency, a decimal number from 0 on.

## What the words mean

- A **touchpoint** is a track, page or screen event. Identify, group and alias calls carry facts about a person and are not counted.
- A **person** is a tree of linked identifiers, as linked today: a link made tomorrow changes yesterday's numbers.
- A **session** is a run of one person's touchpoints over all devices. A touchpoint exactly 30 minutes after the last one is still in it; one a
  millisecond later begins a new one. A session is counted where it begins, also across midnight. A new channel within it begins no new one.
  What nobody does is in no session. An order that names the session of an earlier touchpoint (` + "`context.sessionId`" + ` and its like) is in that one, however
  late it comes, and does not make it longer. What a session comes to later, also after midnight, counts where it began.
- A session **bounces** that has exactly one page or screen, whatever else was done there: so do Umami and Matomo, and so did Universal Analytics on sites
  that send nothing but page views. Plausible takes whoever sent an event of another kind for one who stayed; Google Analytics 4 calls a session a bounce
  that took less than 10 seconds, with one page and no key event. A session without any page, such as a call, neither bounces nor stays.
- An **order** is an order id of ` + "`Order Completed`" + `. Of several events with one order id, by whomever, the earliest counts, by the device's time, then
  message id, then source. An event without an id is an order of its own. Order ids of all sources are one name space, unless a key says ` + "`--orders own`" + `.
- What happens to an order counts on its own day, with the person who bought, whoever sent it, and by the channel, source, country, campaign, device,
  stage, visitor, grade, browser, system, landing page and referrer of the order. A **refund** is a refund id of ` + "`Order Refunded`" + ` within its order, each once at its earliest copy; without an id the event is
  one of its own. A refund that says no amount takes all that is left. A **cancellation**, ` + "`Order Cancelled`" + `, takes all that is left, whatever it says; after it
  nothing is left, so that a refund of a cancelled order is not taken off twice. An **update**, ` + "`Order Updated`" + `, says what the order comes to from then on;
  one in another currency, or from before the order, changes nothing. Of one order the first 256 of these count.
- A refund of an order that nobody knows counts by itself when it says an amount; a cancellation or update of one counts when the order comes.
- The **amount** is ` + "`revenue`, else `total`, else `value`" + `, else the sum of price × quantity of the products. ` + "`revenue`" + ` is gross; ` + "`net_revenue`" + ` is what remains.
- A person is **active** who did something in the window. A stage that is entered by silence makes nobody active, and neither does what is delivered to a
  person, or booked: the events that ` + "`shared/model/catalogue.yaml`" + ` calls passive, which are touchpoints all the same.

## Windows

A window counts by the **corrected time**: the device's own time, with a clock that is wrong by more than 5 minutes put right by the time between
sending and receipt. Windows are cut in the workspace's time zone: a day has 23 or 25 hours where the clock is changed, weeks begin on the day that the workspace says, Monday unless set,
a quarter with January, April, July or October. ` + "`period`" + ` is one window between any two days, made when asked for.

Whoever sends late, or is linked late, is counted anew whole: taken out of each window in which that makes a difference as counted before, and put in
again as counted now. A window's revision rises where a number changed.

## Numerator, denominator, n

Every row keeps its numerator and, for means and ratios, its denominator; the value is made on reading, so means of months are never averaged
into a year. With a denominator of 0 there is **no value**, never 0. **n** is what the number rests on: touchpoints, sessions, persons or orders.
Money is in millionths inside and a decimal text outside; each currency has rows of its own and is never converted. An order that names no
currency has the workspace's.

Distinct persons are counted exactly, at any size, and taken out again exactly ([ADR 8](adr/0008-exact-distinct-persons.md)): no number of persons is an estimate.

Every window that was computed has a row of every metric up to version 5 for the whole, zero or not; later metrics, and a dimension's values, have rows
where something was counted.

### Intervals

A value stands for a sample: other persons of the same kind would have made another. In 95 of 100 samples the interval holds the true value. Persons are
taken as independent of each other, what one of them does is not.

- **wilson**, of a share of persons or of answers (Wilson 1927). Where the numerator is no part of the denominator, as with buyers by their session's channel
  among persons by a touchpoint's own, it can be the larger one, and there is no interval then.
- **delta**, of a ratio of sums y ÷ x (Cochran 1977, 6.4): the standard error of y − R·x over persons, divided by the mean x, times Student's quantile. So a few
  persons with many sessions make a bounce rate less certain than as many sessions of different persons. There is none of fewer than 3 persons
  with an x. What is counted in whole numbers has no bound below 0, and no share one above 1.
- **score**, of a promoter score: its variance is (promoters + detractors) ÷ n − score², divided by n, each answer by itself; two answers at least.

Rows of ` + "`(other)`" + ` have no interval by delta, for a person may be in several of its values. An interval knows nothing of what is measured wrongly, such as opens of
e-mails by machines that do not say so. ([ADR 44](adr/0044-intervals-from-sums.md))

### Which values have rows

A window shows at most 500 values of a dimension and 50 currencies. Which these are never depends on what came first, so nobody takes a row away by being
early. Those values are shown that are, in this order,

1. declared: channels, stages, countries by ISO 3166-1, what clients do not choose (source, device, visitor, grade), and the channels and campaigns that
   a [tracking plan](plans.md) lists: the ` + "`enum`" + ` of a property ` + "`channel`" + ` or ` + "`campaign`" + ` in any of its events;
2. told of by a server: one has sent a touchpoint of it, or said what an order of it comes to;
3. of more revenue, in the most important currency first;
4. of more active persons;
5. first by name.

The others are added up as ` + "`(other)`" + `, without numbers of persons. A value that a client calls ` + "`(other)`" + ` is one of them. Currencies are shown in the same
order: the workspace's own, those of ISO 4217 and those that a plan lists for ` + "`currency`" + `, those of orders that a server has told of, those of more orders, of more buyers, by name. Amounts in the others
are in no row, for amounts of two currencies cannot be added; what else their orders count for is in all rows. How many values or currencies are without rows, and
their persons, orders and revenue, stand in ` + "`folded`" + ` of the answer and of an export's manifest.
A filter (` + "`campaign=spring`" + `) finds every value, whether or not it is shown among all. An answer of the API that would have too many rows shows fewer values and currencies.

## Dimensions

| by | of a touchpoint, an active or new person | of a session | of an order, a refund, a buyer | of a stage entry |
|---|---|---|---|---|
| channel | its own sign; without one, its session's; else that of its [kind](touchpoints.md) | its first touchpoint with a sign, else that of the first one's kind, else ` + "`direct`" + ` | its session's | as the touchpoint that caused it |
| source | the source that sent it | of its first touchpoint | the source that sent it | as the touchpoint that caused it |
| stage | the stage after it | after its first touchpoint | the stage after it | the stage entered |
| country | code of the country the event names | of the first that one of its touchpoints names | of the country the event names | as the touchpoint that caused it |
| campaign | the campaign the event names; without one, its session's | the first that one of its touchpoints names | its session's | as the touchpoint that caused it |
| device | by its user agent: desktop, mobile, tablet or other | of its first touchpoint | by its user agent | as the touchpoint that caused it |
| browser, os | family by its user agent: Chrome, Safari, Instagram …; Windows, iOS, Android … | of its first touchpoint | by its user agent | as the touchpoint that caused it |
| grade | ` + "`server`, `signed` or `public`" + `: who has sent it, hence how far it may be believed | of its first touchpoint | of who has said what the order comes to | as the touchpoint that caused it |
| landing_page | its session's: the first path that one of its touchpoints names | the same | its session's | as the touchpoint that caused it |
| referrer_host | its session's: the first page or app outside the site that one of its touchpoints came from | the same | its session's | as the touchpoint that caused it |
| page | the path of the page it was done on | not by page | not by page | not by page |
| visitor | new in the person's first session, returning afterwards | as its touchpoints | as its touchpoint | as the touchpoint that caused it, else returning |
| first_channel | the channel of the person's first session | the same | the same | the same |
| first_month | the month of the person's first touchpoint | the same | the same | the same |
| order_month | the month of the person's first order, from that order on | the same | the same, on what happens to orders too | the same |

What an event says nothing of is ` + "`unknown`" + `; of an entry that time alone made, so are channel, source, grade, country, campaign, device, browser, system and pages. So the parts add up to
the whole for touchpoints, sessions, stage entries, orders, revenue, refunds, new persons and new buyers. They do **not** add up for active persons and
buyers: who came by two channels is in both. For the same reason persons are never added over windows: each window counts each person once, from what
they did on all of its days. ` + "`conversion_rate`" + ` by channel divides buyers by their sessions' channel by persons active in a touchpoint's own channel.

### Pages

A page is the path of its address, as package [page](../shared/domain/page/page.go) makes it: without host, query, fragment, session ids, ` + "`index.html`" + ` and the
last slash, in one spelling, and with ` + "`:id`, `:token` and `:email`" + ` in the place of numbers of four digits and more, UUIDs, hexadecimal numbers, tokens and
e-mail addresses. Years and dates stay. What is longer than 160 bytes ends with ` + "`/*`" + `. Pages that keep their state behind a ` + "`#`" + ` are one page here.

### Browsers and systems

Families are those of [ua-parser](../shared/model/agents_SOURCE.md), with the same browser on another device under one name: Mobile Safari is Safari, Chrome
Mobile is Chrome. What nobody knows is Other; without a user agent it is ` + "`unknown`" + `. ([ADR 33](adr/0033-agents-by-ua-parser.md))

### Referrers

A referrer is a host in lower case without ` + "`www.`" + `, or the id of an app. Pages of the own site, payment and sign-in pages are none; of a translator's or an
archive's page it is the site that it shows. Its name, its kind (search, social …) and what was searched for, where the address still says so, stand in the
[steps table](steps.md).

### Channels

A touchpoint's own sign is, in this order: a channel that it names; campaign parameters and click ids; the page before. The package comment of
shared/domain/channel has the rules, [channels.yaml](../shared/model/channels.yaml) their data.

- Campaign parameters are read from the page's query, else from its fragment (` + "`#utm_source=…`, `#/path?utm_source=…`, `#!utm_source=…`" + `), also where ` + "`&`" + ` is
  written ` + "`&amp;`" + `.
- A medium that names its kind (email, sms, social, paid_search, flyer …) is believed, whatever the campaign is called. What only says how it is paid
  (cpc, paid, display) names no kind.
- Payment pages (PayPal, Klarna, Stripe, 3-D Secure …) and sign-in pages (accounts.google.com, Auth0, Okta …) are no source: whoever comes back from
  there was here before. Pages of translators, caches and archives are the site that they show, so mostly the own one; where the address does not
  tell which, they are no source. ([ADR 24](adr/0024-places-people-pass-through.md))
- ` + "`channel`" + ` is taken from the properties, else from the context. web, mobile, server and the like there say which software sends, and are no channel.

### Countries

A country is its ISO 3166-1 code of two letters, worked out from what the event names: any code (` + "`de`, `DEU`, `276`, `UK`, `EL`" + `), a name in sixteen
languages or the country's own (Deutschland, Türkei, Россия), official and inverted forms (Korea, Republic of), without accents too, a locale
(de-DE) or a part of a country (US-CA, England). Kosovo is XK. What is no country or not known (EU, Channel Islands, Atlantis, n/a) is ` + "`unknown`" + `; a
session takes the first that is known. What was sent is kept and stands in the timeline; a better table counts everybody anew. ([ADR 25](adr/0025-countries-by-an-own-table.md))

## How exact

Distinct persons are exact at every size: of each person is kept what they were counted for, hour by hour, and each window's number is a sum over
persons in which each is once. There is no sketch, hence no error to state.

All other numbers are exact sums of integers. What is not known exactly are the times of devices whose clocks are wrong: see "Windows".
`
