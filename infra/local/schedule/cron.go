package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cron has the six fields of AWS: minutes hours day-of-month month day-of-week year. One of the two day fields is "?".
// Days of the week are 1 (Sunday) to 7; L, W and # have their AWS meanings.
type cron struct {
	minutes, hours, months, years []bool // indexed by value; years from firstYear
	monthDay, weekDay             func(day time.Time) bool
}

const (
	firstYear = 1970
	lastYear  = 2199
)

var (
	monthNames = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	dayNames   = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

func parseCron(argument string) (*cron, error) {
	fields := strings.Fields(strings.ToUpper(argument))
	if len(fields) != 6 {
		return nil, fmt.Errorf("a cron has six fields (minutes hours day-of-month month day-of-week year), not %d", len(fields))
	}
	if (fields[2] == "?") == (fields[4] == "?") {
		return nil, fmt.Errorf("exactly one of day-of-month and day-of-week must be ?")
	}
	var c cron
	var err error
	parse := func(name, field string, first, last int, names []string) []bool {
		set, e := parseSet(field, first, last, names)
		if e != nil && err == nil {
			err = fmt.Errorf("%s: %w", name, e)
		}
		return set
	}
	c.minutes = parse("minutes", fields[0], 0, 59, nil)
	c.hours = parse("hours", fields[1], 0, 23, nil)
	c.months = parse("month", fields[3], 1, 12, monthNames)
	c.years = parse("year", fields[5], firstYear, lastYear, nil)
	if err != nil {
		return nil, err
	}
	if c.monthDay, err = parseMonthDay(fields[2]); err != nil {
		return nil, fmt.Errorf("day-of-month: %w", err)
	}
	if c.weekDay, err = parseWeekDay(fields[4]); err != nil {
		return nil, fmt.Errorf("day-of-week: %w", err)
	}
	return &c, nil
}

// parseSet reads lists, ranges and steps: 1,15 or 8-17 or 0/15 or MON-FRI. The set is indexed by value.
func parseSet(field string, first, last int, names []string) ([]bool, error) {
	set := make([]bool, last+1)
	for part := range strings.SplitSeq(field, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		from, to, err := parseSpan(span, first, last, names)
		if err != nil {
			return nil, err
		}
		step := 1
		if stepped {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
				return nil, fmt.Errorf("%q is not a step", stepText)
			}
			if !strings.Contains(span, "-") {
				to = last
			}
		}
		for value := from; value <= to; value += step {
			set[value] = true
		}
	}
	return set, nil
}

func parseSpan(span string, first, last int, names []string) (from, to int, err error) {
	if span == "*" {
		return first, last, nil
	}
	low, high, isRange := strings.Cut(span, "-")
	if from, err = parseValue(low, first, last, names); err != nil || !isRange {
		return from, from, err
	}
	if to, err = parseValue(high, first, last, names); err == nil && to < from {
		err = fmt.Errorf("%q runs backwards", span)
	}
	return from, to, err
}

func parseValue(text string, first, last int, names []string) (int, error) {
	if i := slices.Index(names, text); i >= 0 {
		return i + 1, nil // both lists of names begin with 1
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < first || value > last {
		return 0, fmt.Errorf("%q is not between %d and %d", text, first, last)
	}
	return value, nil
}

func parseMonthDay(field string) (func(time.Time) bool, error) {
	switch {
	case field == "?":
		return func(time.Time) bool { return true }, nil
	case field == "L":
		return func(day time.Time) bool { return day.Day() == lastDay(day) }, nil
	case field == "LW":
		return func(day time.Time) bool { return day.Day() == nearestWeekday(day, lastDay(day)) }, nil
	case strings.HasSuffix(field, "W"):
		n, err := parseValue(strings.TrimSuffix(field, "W"), 1, 31, nil)
		return func(day time.Time) bool { return n <= lastDay(day) && day.Day() == nearestWeekday(day, n) }, err
	}
	set, err := parseSet(field, 1, 31, nil)
	return func(day time.Time) bool { return set[day.Day()] }, err
}

func parseWeekDay(field string) (func(time.Time) bool, error) {
	number := func(day time.Time) int { return int(day.Weekday()) + 1 }
	if field == "?" {
		return func(time.Time) bool { return true }, nil
	}
	if field == "L" { // the last day of a week
		field = "7"
	}
	if before, is := strings.CutSuffix(field, "L"); is {
		n, err := parseValue(before, 1, 7, dayNames)
		return func(day time.Time) bool { return number(day) == n && day.Day() > lastDay(day)-7 }, err
	}
	if weekday, nth, is := strings.Cut(field, "#"); is {
		n, err := parseValue(weekday, 1, 7, dayNames)
		if err != nil {
			return nil, err
		}
		which, err := parseValue(nth, 1, 5, nil)
		return func(day time.Time) bool { return number(day) == n && (day.Day()-1)/7+1 == which }, err
	}
	set, err := parseSet(field, 1, 7, dayNames)
	return func(day time.Time) bool { return set[number(day)] }, err
}

func lastDay(day time.Time) int {
	return time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// nearestWeekday is the Monday to Friday nearest to a day of the month, within the month.
func nearestWeekday(month time.Time, day int) int {
	switch time.Date(month.Year(), month.Month(), day, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if day == 1 {
			return 3
		}
		return day - 1
	case time.Sunday:
		if day == lastDay(month) {
			return day - 2
		}
		return day + 1
	}
	return day
}

// next finds the first due minute after t. Wall-clock minutes are walked as instants, so an hour that a zone skips is
// never due and one that it repeats is due once.
func (c *cron) next(t time.Time) (time.Time, bool) {
	zone := t.Location()
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
	for ; day.Year() <= lastYear; day = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, zone) {
		if !c.years[day.Year()] || !c.months[day.Month()] || !c.monthDay(day) || !c.weekDay(day) {
			continue
		}
		if due, found := c.onDay(day, t); found {
			return due, true
		}
	}
	return time.Time{}, false
}

func (c *cron) onDay(day, after time.Time) (time.Time, bool) {
	for hour, is := range c.hours {
		if !is {
			continue
		}
		for minute, is := range c.minutes {
			if !is {
				continue
			}
			due := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, day.Location())
			if due.Hour() == hour && due.Minute() == minute && due.After(after) {
				return due.UTC(), true
			}
		}
	}
	return time.Time{}, false
}
