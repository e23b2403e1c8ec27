package custom_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/step"
)

// Percentiles are the values of the sorted list at their rank, to 1 %; what is no number from 0 on is none.
func TestPercentilesEqualTheSortedList(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	lives := analysistest.Lives(9, 150)
	for _, life := range lives {
		for i := range life {
			waits := map[string]string{"wait_seconds": fmt.Sprintf("%.2f", math.Exp(3+r.NormFloat64()))}
			switch r.IntN(8) {
			case 0:
				waits["wait_seconds"] = []string{"-3", "long", "", "1e99"}[r.IntN(4)]
			case 1:
				waits["handle_seconds"] = strconv.Itoa(r.IntN(900))
			}
			life[i].Properties = step.SaidOf(waits)
		}
	}
	document := `{"metrics":[{"name":"mail_wait","percentile":{"p":75,"property":"wait_seconds","when":{"channel":"email"}}}]}`
	said := []string{"metric=wait_seconds_p50,wait_seconds_p90,wait_seconds_p95,handle_seconds_p50,handle_seconds_p90,handle_seconds_p95,mail_wait", "by=channel"}
	q := asking(t, document, said...)
	a := answer(t, q, lives)
	met := 0
	for _, line := range slices.Concat(lines(a.Tables[0]), lines(a.Tables[1])) {
		f := strings.Split(line, "|")
		name, value, rest := f[1], "", f[2:]
		if len(f) == 11 {
			value, rest = f[2], f[3:]
		}
		property, p, _ := strings.Cut(name, "_p")
		if name == "mail_wait" {
			property, p = "wait_seconds", "75"
		}
		var values []float64
		for _, life := range lives {
			for _, row := range step.Between(life, q.Start(), q.End()) {
				number, err := strconv.ParseFloat(row.Properties.Property(property), 64)
				channel := row.Channel
				if channel == "" {
					channel = "unknown"
				}
				if err == nil && number >= 0 && number < 1e12 && (value == "" || channel == value) && (name != "mail_wait" || channel == "email") {
					values = append(values, number)
				}
			}
		}
		slices.Sort(values)
		percent, _ := strconv.Atoi(p)
		rank := (percent*len(values) + 99) / 100
		got, _ := strconv.ParseFloat(rest[0], 64)
		if rest[1] != "seconds" && name != "mail_wait" || rest[5] != strconv.Itoa(rank) || rest[6] != strconv.Itoa(len(values)) || rest[7] != rest[6] ||
			math.Abs(got-values[rank-1]) > .0101*values[rank-1] {
			t.Errorf("%s: want %g at %d of %d", line, values[rank-1], rank, len(values))
		}
		if rest[4] == "ranks" {
			low, _ := strconv.ParseFloat(rest[2], 64)
			high, _ := strconv.ParseFloat(rest[3], 64)
			if low > got || high < got {
				t.Errorf("%s: the value is outside of its interval", line)
			}
			met++
		}
	}
	if met < 20 {
		t.Errorf("%d intervals were met", met)
	}
}
