package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waymark/shared/config"
)

func from(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func TestLoadFillsEveryFunction(t *testing.T) {
	t.Parallel()
	env := from(map[string]string{
		"TABLE_NAME": "touchpoints", "QUEUE_URL": "http://127.0.0.1:1/q", "DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:1/d",
		"ARCHIVE_BUCKET": "archive", "EXPORT_BUCKET": "exports", "ADDRESS_REQUESTS_PER_SECOND": "50", "EDGE_PROOF": "p", "DEBUG_EVENTS": "watched",
		"GEO_DATABASE": "/opt/country.mmdb",
	})
	check(t, env, config.Collect{Table: "touchpoints", QueueURL: "http://127.0.0.1:1/q", AddressRate: 50, EdgeProof: "p", GeoDatabase: "/opt/country.mmdb"})
	check(t, env, config.Process{Table: "touchpoints", Debug: "watched"})
	check(t, env, config.Profile{Table: "touchpoints", ArchiveBucket: "archive"})
	check(t, env, config.Rollup{Table: "touchpoints", ArchiveBucket: "archive"})
	check(t, env, config.Export{Table: "touchpoints", ExportBucket: "exports"})
	check(t, env, config.Query{
		Table: "touchpoints", ExportBucket: "exports", ArchiveBucket: "archive", QueueURL: "http://127.0.0.1:1/q",
		DeadLetterQueueURL: "http://127.0.0.1:1/d", Debug: "watched",
	})
}

func check[T comparable](t *testing.T, env func(string) string, want T) {
	t.Helper()
	got, err := config.Load[T](env)
	if err != nil || got != want {
		t.Errorf("Load[%T] = %+v, %v, want %+v", want, got, err, want)
	}
}

func TestLoadReportsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load[config.Collect](from(map[string]string{}))
	want := `missing_setting at TABLE_NAME: the environment variable TABLE_NAME is not set; template.yaml gives it to the function
missing_setting at QUEUE_URL: the environment variable QUEUE_URL is not set; template.yaml gives it to the function
missing_setting at ADDRESS_REQUESTS_PER_SECOND: ` +
		`the environment variable ADDRESS_REQUESTS_PER_SECOND is not set; template.yaml gives it to the function
missing_setting at EDGE_PROOF: the environment variable EDGE_PROOF is not set; template.yaml gives it to the function`
	if err == nil || err.Error() != want {
		t.Errorf("Load reported\n%v\nwant\n%s", err, want)
	}
	for _, text := range []string{"fast", "-1", "1.5", "99999999999"} {
		_, err = config.Load[config.Collect](from(map[string]string{
			"TABLE_NAME": "t", "QUEUE_URL": "q", "ADDRESS_REQUESTS_PER_SECOND": text, "EDGE_PROOF": "p",
		}))
		want := "bad_setting at ADDRESS_REQUESTS_PER_SECOND: the environment variable ADDRESS_REQUESTS_PER_SECOND is \"" + text +
			"\", and must be a whole number from 0"
		if err == nil || err.Error() != want {
			t.Errorf("Load reported\n%v\nwant\n%s", err, want)
		}
	}
}

func TestVersionIsNeverEmpty(t *testing.T) {
	t.Parallel()
	if got := config.Version(); got == "" {
		t.Error("Version() is empty")
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "clock")
	getenv := func(text string) func(string) string {
		return func(name string) string { return map[string]string{"WAYMARK_CLOCK": text}[name] }
	}
	now := func() time.Time { return time.Unix(7, 0) }
	if got := config.Clock(getenv(""), now)(); got != now() {
		t.Errorf("without a file: got %s", got)
	}
	clock := config.Clock(getenv(file), now)
	for _, text := range []string{"1795348800000000000", "1795348800000000001\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(clock().UnixNano()); got != strings.TrimSpace(text) {
			t.Errorf("Clock: got %s, want %s", got, text)
		}
	}
	for _, text := range []string{"", "noon"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Clock of %q: no panic", text)
				}
			}()
			clock()
		}()
	}
}
