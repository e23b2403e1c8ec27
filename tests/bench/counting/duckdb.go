package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"waymark/shared/adapter/steps"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/step"
	"waymark/tests/bench/usage"
)

// duckDB makes the table of days and months by channel out of the same Parquet, with one thread, as often as it is told,
// and prints how many rows that has. Persons who are active are distinct, so each window is counted from the steps.
const duckDB = `
import duckdb, sys
db = duckdb.connect(config={"threads": 1})
files = sys.argv[1] + "/**/*.parquet"
for _ in range(int(sys.argv[2])):
    rows = 0
    for start in ["day", "day[1:7]"]:
        rows += len(db.execute(f"""
            select {start} w, channel, count(*) filter (where type <> 'none'), count(distinct person) filter (where type <> 'none'),
                   count(*) filter (where session_start), count(order_id), sum(amount), count(distinct person) filter (where first_ever)
            from read_parquet('{files}', hive_partitioning = true, hive_types_autocast = false) group by 1, 2""").fetchall())
print(rows)
`

// often is how many times DuckDB makes the table, and once less: the difference leaves out its start.
const often = 11

// against counts days and months out of the table of steps, and has DuckDB do it too.
func (b *bench) against(ctx context.Context, python string) error {
	table := steps.New(b.bucket)
	days, err := table.Days(ctx, b.shop.Namespace())
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "steps-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	for _, day := range days { // as rollup leaves a day that is over
		if err := table.CompactSteps(ctx, b.shop.Namespace(), day.Key); err != nil {
			return err
		}
	}
	for key := range b.bucket.Keys(ctx, steps.Prefix(b.shop.Namespace())) {
		body, err := b.bucket.Get(ctx, key)
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
	began := usage.CPU()
	windows, err := b.windows(ctx, table, days)
	if err != nil {
		return err
	}
	ours := usage.CPU() - began
	theirs, err := cpuOf(ctx, python, folder, often)
	if err != nil {
		return err
	}
	start, err := cpuOf(ctx, python, folder, 1)
	if err != nil {
		return err
	}
	theirs = (theirs - start) / (often - 1)
	fmt.Printf("%d days and months from steps, every measure by every dimension: %.3f s of CPU\n", windows, ours.Seconds())
	fmt.Printf("the same by channel alone, six measures, in DuckDB: %.3f s, so %.1f times that\n", theirs.Seconds(), ours.Seconds()/theirs.Seconds())
	return nil
}

// windows counts each person once in each day and month.
func (b *bench) windows(ctx context.Context, table *steps.Table, days []ledger.DayObjects) (int, error) {
	calendar, err := b.shop.Calendar()
	if err != nil {
		return 0, err
	}
	set, clock, counted := b.settler.Definitions.Set(), ledger.NewClock(calendar), map[string]measure.Totals{}
	add := func(window string, rows []step.Row) {
		if counted[window].Groups == nil {
			counted[window] = set.Empty()
		}
		set.Add(counted[window], measure.Of(rows))
	}
	months := map[string][]string{}
	for _, day := range days {
		month := day.Key[:len("2006-01")]
		months[month] = append(months[month], day.Key)
	}
	for month, days := range months {
		for rows, err := range table.Steps(ctx, b.shop.Namespace(), days, step.AllColumns) {
			if err != nil {
				return 0, err
			}
			add(month, rows)
			for len(rows) > 0 {
				start, end := clock.DaySpan(clock.Day(rows[0].At))
				today := step.Between(rows, start, end)
				add(clock.Day(rows[0].At), today)
				rows = rows[len(today):]
			}
		}
	}
	return len(counted), nil
}

// cpuOf is what DuckDB takes to make the table so often, with its start.
func cpuOf(ctx context.Context, python, folder string, often int) (time.Duration, error) {
	command := exec.CommandContext(ctx, python, "-c", duckDB, folder, strconv.Itoa(often))
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return 0, fmt.Errorf("DuckDB, see make duckdb: %w", err)
	}
	return command.ProcessState.UserTime() + command.ProcessState.SystemTime(), nil
}
