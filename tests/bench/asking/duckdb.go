package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"waymark/shared/adapter/steps"
)

// duckDB asks the same questions with one thread, each three times after a first one, and prints for each the least CPU time and what came out.
const duckDB = `
import duckdb, json, sys, time
db = duckdb.connect(config={"threads": 1})
db.execute("set enable_progress_bar = false")
db.execute(f"create view steps as select * from read_parquet('{sys.argv[1]}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false) where type <> 'none'")
asked = {
"retention": """
with begun as (select person, min(day[1:7]) cohort from steps where first_ever group by person),
     active as (select distinct person, day[1:7] since from steps where session > 0)
select cohort || '-01 ' || date_diff('month', (cohort || '-01')::date, (since || '-01')::date) || ' ', count(*)
from begun join active using (person) where since >= cohort group by cohort, since
""",
"funnel": """
with seen as (
  select person, time, position, event = 'Product Viewed' v, event = 'Product Added' a, order_event = 'completed' o
  from steps where event in ('Product Viewed', 'Product Added') or order_event = 'completed'),
viewed as (select *, max(case when v then time end) over w begun from seen
  window w as (partition by person order by day_of(time), position rows between unbounded preceding and current row)),
added as (select *, max(case when a and time - begun <= interval 30 day then begun end) over w two from viewed
  window w as (partition by person order by day_of(time), position rows between unbounded preceding and current row))
select '1 ', count(distinct person) from added where v
union all select '2 ', count(distinct person) from added where a and time - begun <= interval 30 day
union all select '3 ', count(distinct person) from added where o and time - two <= interval 30 day
""",
"attribution": """
with sessions as (
  select person, session, time began, session_channel channel, referrer_host = 'paypal.com' and session_channel = 'referral' pays
  from steps where session_start),
orders as (select person, order_id, time bought, session from steps where order_event = 'completed'),
touches as (
  select o.order_id, s.channel, s.pays from orders o join sessions s
  on o.person = s.person and s.session <= o.session and (s.session = o.session or s.began >= o.bought - interval 30 day)),
paths as (
  select order_id, list(channel) filter (not pays) touched from touches group by order_id)
select channel || ' ', sum(credit) from (
  select unnest(case when len(touched) > 0 then touched else ['direct'] end) channel, 1.0 / greatest(len(touched), 1) credit
  from (select order_id, coalesce(touched, []) touched from paths)) group by channel
"""}
db.execute("create macro day_of(t) as t::date")
out = {}
for name, question in asked.items():
    least = None
    for _ in range(4):
        began = time.process_time()
        rows = db.execute(question).fetchall()
        took = time.process_time() - began
        least = took if least is None else min(least, took)
    out[name] = {"seconds": least, "rows": {key: float(value) for key, value in rows}}
print(json.dumps(out))
`

// against asks DuckDB what was asked of the analyses, and compares numbers and times.
func (s *shop) against(ctx context.Context, python string) error {
	folder, err := os.MkdirTemp("", "steps-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	for key := range s.bucket.Keys(ctx, steps.Prefix(s.workspace.Namespace())) {
		body, err := s.bucket.Get(ctx, key)
		if err != nil {
			return err
		}
		file := filepath.Join(folder, key)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, body, 0o600); err != nil {
			return err
		}
	}
	command := exec.CommandContext(ctx, python, "-c", duckDB, folder)
	command.Stderr = os.Stderr
	text, err := command.Output()
	if err != nil {
		return fmt.Errorf("DuckDB, see make duckdb: %w", err)
	}
	var theirs map[string]struct {
		Seconds float64            `json:"seconds"`
		Rows    map[string]float64 `json:"rows"`
	}
	if err := json.Unmarshal(text, &theirs); err != nil {
		return err
	}
	fmt.Println()
	for _, q := range []struct {
		name, more, table, column string
		keys                      []string
	}{
		{"retention", "", "cohorts", "persons", []string{"cohort", "age"}},
		{"funnel", "step=Product+Viewed&step=Product+Added&step=order", "steps", "persons", []string{"number"}},
		{"attribution", "", "conversions", "linear", []string{"channel"}},
	} {
		least := time.Duration(math.MaxInt64)
		var ours map[string]float64
		for range 3 {
			answer, c, err := s.ask(ctx, q.name, q.more)
			if err != nil {
				return err
			}
			ours, least = column(answer, q.table, q.column, q.keys...), min(least, c.cpu)
		}
		if err := equal(ours, theirs[q.name].Rows); err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		seconds := theirs[q.name].Seconds
		fmt.Printf("%-12s the same numbers in DuckDB: %.3f s of CPU, here %.3f s, so %.1f times that\n", q.name, seconds, least.Seconds(), least.Seconds()/seconds)
	}
	return nil
}

// equal compares numbers; credits are rounded here to a millionth of an order each.
func equal(ours, theirs map[string]float64) error {
	for key, n := range ours {
		if math.Abs(n-theirs[key]) > 1e-3 {
			return fmt.Errorf("%sis %v here and %v in DuckDB", key, n, theirs[key])
		}
	}
	for key, n := range theirs {
		if _, found := ours[key]; !found && n > 0 {
			return fmt.Errorf("%sis %v in DuckDB and not here", key, n)
		}
	}
	return nil
}
