package limits_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/testing/system"
)

// from is the beginning of every span that is asked for. The clocks of London change in between.
var from = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func hours(n int) string {
	return "from=" + from.Format(time.RFC3339) + "&to=" + from.Add(time.Duration(n)*time.Hour).Format(time.RFC3339)
}

func days(n int) string {
	return "from=" + from.Format(time.DateOnly) + "&to=" + from.AddDate(0, 0, n).Format(time.DateOnly)
}

// answered asks whether a path is answered 200.
func answered(path func(n int) string) func(*testing.T, int) bool {
	return func(t *testing.T, n int) bool {
		status, _ := system.New(t, system.Shop()).Get(path(n))
		return status == 200
	}
}

// reads are the limits of what is asked and answered.
func reads() []limit {
	return []limit{
		{"functions/query.maxLimit", 500, answered(func(n int) string { return fmt.Sprint("/v1/failed?limit=", n) })},
		{"functions/query.maxWindows", 10_000, answered(func(n int) string { return "/v1/kpis?grain=hour&" + hours(n) })},
		{"functions/query.maxPeriodDays", 1200, answered(func(n int) string { return "/v1/kpis?grain=period&" + days(n) })},
		{"functions/query.maxQualityDays", 400, answered(func(n int) string { return "/v1/quality?" + days(n) })},
		{"functions/query.maxRows", 20_000, rowsAnswered},
		{"functions/query.maxCuts", 100, func(t *testing.T, n int) bool {
			_, answer := family(t, n).Ask("POST", "/v1/identities/unlink", "sk_shop", `{"id":"user:1","all":true}`)
			return strings.Count(answer, `"child"`) == n && strings.Contains(answer, `"more":false`)
		}},
		{"functions/query.maxListed", 100, func(t *testing.T, n int) bool {
			_, answer := family(t, n).Ask("POST", "/v1/identities/unlink", "sk_shop", `{"id":"anon:a1"}`)
			var got struct {
				Persons []struct {
					Person      string
					Identifiers []string
				}
			}
			if err := json.Unmarshal([]byte(answer), &got); err != nil || len(got.Persons) != 2 {
				t.Fatalf("answered %s: %v", answer, err)
			}
			return len(got.Persons[1].Identifiers) == n
		}},
		{"functions/query.maxFileBytes", 4_194_304, func(t *testing.T, n int) bool {
			s := system.New(t, system.Shop())
			exported(t, s, "large", strings.Repeat("a", n))
			status, _ := s.Get("/v1/exports/large.csv")
			return status == 200
		}},
		{"functions/query.maxExportNameBytes", 200, func(t *testing.T, n int) bool {
			s := system.New(t, system.Shop())
			exported(t, s, padded("n", "", n), "a")
			status, _ := s.Get("/v1/exports/" + padded("n", "", n))
			return status == 200
		}},
		{"shared/domain/identity.MaxReasonBytes", 200, func(t *testing.T, n int) bool {
			status, _ := family(t, 2).Ask("POST", "/v1/identities/unlink", "sk_shop", `{"id":"anon:a1","reason":"`+padded("r", "", n)+`"}`)
			return status == 200
		}},
		{"shared/failed.MaxReplay", 1000, func(t *testing.T, n int) bool {
			ids := strings.Repeat(`"none",`, n-1) + `"none"`
			status, _ := system.New(t, system.Shop()).Ask("POST", "/v1/failed/replay", "sk_shop", `{"ids":[`+ids+`]}`)
			return status == 200
		}},
		{"functions/rollup.longestWait", 25_000, func(t *testing.T, n int) bool { // milliseconds
			s := system.New(t, system.Shop())
			request, err := json.Marshal(s.Request("GET", fmt.Sprintf("/v1/rollups/%d?wait=%dms", s.Now.UnixMilli(), n), "Bearer sk_shop", ""))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := s.Rollup(s.Ports()).Handle(t.Context(), request)
			return err == nil && strings.Contains(fmt.Sprint(answer), "{200 ")
		}},
		{"functions/export.maxWindows", 10_000, func(t *testing.T, n int) bool {
			s := system.New(t, system.Shop())
			body := fmt.Sprintf(`{"grain":"hour","from":%q,"to":%q}`, from.Format(time.RFC3339), from.Add(time.Duration(n)*time.Hour).Format(time.RFC3339))
			request, err := json.Marshal(s.Request("POST", "/v1/exports", "Bearer sk_shop", body))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := s.Export(s.Ports()).Handle(t.Context(), request)
			return err == nil && strings.Contains(fmt.Sprint(answer), "{200 ")
		}},
	}
}

// family is a system in which user:1 has n anonymous identifiers.
func family(t *testing.T, n int) *system.System {
	t.Helper()
	s := system.New(t, system.Shop())
	raw := make([]string, n)
	for i := range raw {
		raw[i] = fmt.Sprintf(`{"type":"identify","userId":"1","anonymousId":"a%d","messageId":"m%d","timestamp":"2026-11-01T09:00:00Z"}`, i, i)
	}
	s.Send("wk_web", raw...)
	return s
}

// rowsAnswered asks for n rows: of three or four metrics, in so many hours.
func rowsAnswered(t *testing.T, n int) bool {
	s, metrics := system.New(t, system.Shop()), []string{"orders", "sessions", "buyers", "revenue"}
	if n%4 != 0 {
		metrics = metrics[:3]
	}
	calendar, err := system.Shop().Calendar()
	if err != nil {
		t.Fatal(err)
	}
	for _, hour := range calendar.Between(period.Hour, from, from.Add(time.Duration(n/len(metrics))*time.Hour)) {
		window := kpi.Window{
			Grain: period.Hour, Key: hour.Key, Start: event.At(hour.Start), End: event.At(hour.End), Revision: 1, Run: 1, Totals: s.Definitions.Set().Empty(),
		}
		if err := s.Table.PutWindow(t.Context(), "shop", window); err != nil {
			t.Fatal(err)
		}
	}
	status, body := s.Get("/v1/kpis?grain=hour&metric=" + strings.Join(metrics, ",") + "&" + hours(n/len(metrics)))
	return status == 200 && strings.Count(body, `"metric"`) == n
}

// exported puts an export into the bucket.
func exported(t *testing.T, s *system.System, name, csv string) {
	t.Helper()
	sum := sha256.Sum256([]byte(csv))
	m := report.Manifest{Name: name, Workspace: "shop", Files: []report.File{{Name: name + ".csv", Rows: 1, Bytes: int64(len(csv)), SHA256: hex.EncodeToString(sum[:])}}}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for key, body := range map[string][]byte{report.FileKey("shop", m.Files[0].Name): []byte(csv), report.ManifestKey("shop", name): text} {
		if err := s.Exports.Put(t.Context(), key, "text/plain", body); err != nil {
			t.Fatal(err)
		}
	}
}
