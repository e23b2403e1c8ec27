package e2e_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/zstd"

	"waymark/tests/e2e"
)

// person is the part of a profile that these tests look at.
type person struct {
	Person      string `json:"person"`
	Identifiers []struct {
		ID string `json:"id"`
	} `json:"identifiers"`
	Stage struct {
		Current string `json:"current"`
		Model   string `json:"model"`
	} `json:"stage"`
	FirstSeen   string         `json:"first_seen"`
	Touchpoints int            `json:"touchpoints"`
	Channels    map[string]int `json:"channels"`
	Orders      struct {
		Count   int `json:"count"`
		Revenue []struct {
			Currency string `json:"currency"`
			Amount   string `json:"amount"`
		} `json:"revenue"`
	} `json:"orders"`
}

// summary is a person in one line.
func (p person) summary() string {
	var ids []string
	for _, i := range p.Identifiers {
		ids = append(ids, i.ID)
	}
	slices.Sort(ids)
	return fmt.Sprintf("%s %v %s %s since %s, %d touchpoints %v, orders %v", p.Person, ids, p.Stage.Model, p.Stage.Current, p.FirstSeen, p.Touchpoints, p.Channels, p.Orders)
}

// manifest is what an export says of itself.
type manifest struct {
	Name      string `json:"name"`
	Workspace string `json:"workspace"`
	Grain     string `json:"grain"`
	Start     string `json:"start"`
	End       string `json:"end"`
	TimeZone  string `json:"time_zone"`
	Currency  string `json:"currency"`
	Model     string `json:"model"`
	Revision  int    `json:"revision"`
	Windows   int    `json:"windows"`
	Rows      int    `json:"rows"`
	Files     []struct {
		Name   string `json:"name"`
		Rows   int    `json:"rows"`
		Bytes  int    `json:"bytes"`
		SHA256 string `json:"sha256"`
	} `json:"files"`
}

// visit is the story of one buyer: an advertisement, a name, an order. The summer clock of London is one hour ahead of these times.
func visit() []map[string]any {
	return []map[string]any{
		{
			"type": "page", "anonymousId": "ad-visitor", "messageId": "main-1", "timestamp": "2025-06-30T23:10:00Z",
			"context": map[string]any{"page": map[string]any{"url": "https://shop.example/?utm_source=facebook&utm_medium=cpc"}},
		},
		{
			"type": "identify", "userId": "42", "anonymousId": "ad-visitor", "messageId": "main-2", "timestamp": "2025-06-30T23:12:00Z",
			"traits": map[string]any{"name": "Ada Unmistakable", "birthday": "1815-12-10"},
		},
		{
			"type": "track", "event": "Order Completed", "userId": "42", "messageId": "main-3", "timestamp": "2025-06-30T23:15:00Z",
			"properties": map[string]any{"order_id": "o-1", "revenue": 12.505, "currency": "GBP"},
		},
	}
}

const buyer = "user:42 [anon:ad-visitor user:42] default@1 lapsed since 2025-06-30T23:10:00.000Z, 2 touchpoints map[paid_social:2], orders {1 [{GBP 12.505}]}"

// TestMainJob is the way of a touchpoint, from the request to the marketer's file.
func TestMainJob(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "mainjob")
	send(t, w, visit()...)
	begun := time.Now()
	if err := e2e.Eventually(t.Context(), e2e.Patience, func(context.Context) error { return isBuyer(t, w) }); err != nil {
		t.Fatalf("profile after the POST: %v", err)
	}
	t.Logf("the profile holds the events after %s", time.Since(begun))
	checkPersons(t, w)
	checkKPIs(t, w)
	checkExport(t, w)
	checkArchive(t, w)
}

// isBuyer says whether the profile is the one that visit leads to.
func isBuyer(t testing.TB, w e2e.Tenant) error {
	answer, err := w.Get(t.Context(), "/v1/profiles/anon:ad-visitor")
	if err != nil {
		return err
	}
	var p person
	if err := answer.Into(&p); err != nil {
		return err
	}
	if got := p.summary(); got != buyer {
		return fmt.Errorf("profile:\n got %s\nwant %s", got, buyer)
	}
	return nil
}

// checkPersons waits until the schedule of Profile has stored the buyer, without any demand: lists and KPIs of a laptop follow by themselves.
func checkPersons(t testing.TB, w e2e.Tenant) {
	t.Helper()
	err := e2e.Eventually(t.Context(), e2e.Patience, func(context.Context) error {
		listed := get[struct{ Items []struct{ Person string } }](t, w, "/v1/profiles?stage=lapsed")
		if len(listed.Items) != 1 || listed.Items[0].Person != "user:42" {
			return fmt.Errorf("the list of persons is %+v, want the buyer", listed)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkKPIs rolls up and reads the local day on which everything happened.
func checkKPIs(t testing.TB, w e2e.Tenant) {
	t.Helper()
	rollUp(t, w)
	type row struct {
		Metric, Start, Unit string
		Numerator, Value    any
	}
	got := get[struct {
		TimeZone string `json:"time_zone"`
		Rows     []row  `json:"rows"`
	}](t, w, "/v1/kpis?metric=touchpoints,active_persons,orders,revenue,conversion_rate&from=2025-06-30&to=2025-07-02&grain=day")
	want := []row{
		{"touchpoints", "2025-07-01T00:00:00+01:00", "count", 2.0, 2.0},
		{"active_persons", "2025-07-01T00:00:00+01:00", "persons", 1.0, 1.0},
		{"orders", "2025-07-01T00:00:00+01:00", "count", 1.0, 1.0},
		{"revenue", "2025-07-01T00:00:00+01:00", "GBP", "12.505", "12.505"},
		{"conversion_rate", "2025-07-01T00:00:00+01:00", "ratio", 1.0, 1.0},
	}
	if got.TimeZone != "Europe/London" || !reflect.DeepEqual(got.Rows, want) {
		t.Errorf("KPIs:\n got %+v\nwant %+v", got, want)
	}
}

// checkExport makes a file for marketers and holds it against its manifest. Its second day is the one on which the buyer lapsed.
func checkExport(t testing.TB, w e2e.Tenant) {
	t.Helper()
	const demand = `{"grain":"day","from":"2025-06-01","to":"2025-08-01"}`
	made := order[manifest](t, w, "/v1/exports", demand)
	want := manifest{
		Name: "on-demand-day-2025-06-01-2025-08-01-r1", Workspace: w.Keys.Workspace, Grain: "day", Start: "2025-06-01T00:00:00+01:00",
		End: "2025-08-01T00:00:00+01:00", TimeZone: "Europe/London", Currency: "GBP", Model: "default@1", Revision: 1, Windows: 2, Rows: made.Rows, Files: made.Files,
	}
	if !reflect.DeepEqual(made, want) || len(made.Files) != 1 || made.Rows == 0 {
		t.Fatalf("manifest:\n got %+v\nwant %+v and one file", made, want)
	}
	file, err := w.Get(t.Context(), "/v1/exports/"+made.Files[0].Name)
	if err != nil || file.Status != 200 {
		t.Fatalf("GET the CSV: %s, %v", file, err)
	}
	sum := sha256.Sum256(file.Body)
	if got := hex.EncodeToString(sum[:]); got != made.Files[0].SHA256 || len(file.Body) != made.Files[0].Bytes {
		t.Errorf("the CSV has the sum %s and %d bytes, its manifest says %+v", got, len(file.Body), made.Files[0])
	}
	body, marked := strings.CutPrefix(string(file.Body), "\ufeff")
	lines := strings.Split(body, "\r\n")
	if !marked || strings.Count(body, "\n") != len(lines)-1 || len(lines) != made.Rows+2 || !strings.Contains(body, ",12.505,") {
		t.Errorf("the CSV begins with a mark: %t; has %d lines for %d rows:\n%s", marked, len(lines), made.Rows, body)
	}
	if again := order[manifest](t, w, "/v1/exports", demand); !reflect.DeepEqual(again, made) {
		t.Errorf("the same order again made %+v, want %+v", again, made)
	}
	listed := get[struct{ Exports []manifest }](t, w, "/v1/exports")
	if !reflect.DeepEqual(listed.Exports, []manifest{made}) {
		t.Errorf("GET /v1/exports lists %+v, want %+v", listed, made)
	}
	if got := get[manifest](t, w, "/v1/exports/"+made.Name); !reflect.DeepEqual(got, made) {
		t.Errorf("GET the manifest answers %+v, want %+v", got, made)
	}
}

// checkArchive reads the archive of events as Athena would: it holds every event, and nobody's traits.
func checkArchive(t testing.TB, w e2e.Tenant) {
	t.Helper()
	client := s3.New(s3.Options{
		Region: w.Env["AWS_REGION"], UsePathStyle: true, BaseEndpoint: aws.String(w.Env["AWS_ENDPOINT_URL_S3"]),
		Credentials: credentials.NewStaticCredentialsProvider(w.Env["AWS_ACCESS_KEY_ID"], w.Env["AWS_SECRET_ACCESS_KEY"], ""),
	})
	bucket := aws.String(w.Env["ARCHIVE_BUCKET"])
	listed, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("touchpoints/")})
	if err != nil {
		t.Fatal(err)
	}
	var events strings.Builder
	for _, object := range listed.Contents {
		found, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: object.Key})
		if err != nil {
			t.Fatal(err)
		}
		reader, err := zstd.NewReader(found.Body)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		reader.Close()
		if err != nil {
			t.Fatalf("read %s: %v", *object.Key, err)
		}
		if strings.Contains(string(content), "Unmistakable") || strings.Contains(string(content), "1815-12-10") {
			t.Errorf("%s holds traits: %s", *object.Key, content)
		}
		if strings.HasPrefix(*object.Key, "touchpoints/workspace="+w.Keys.Workspace+"/") {
			events.Write(content)
		}
	}
	for _, id := range []string{"main-1", "main-2", "main-3"} {
		if !strings.Contains(events.String(), `"`+id+`"`) {
			t.Errorf("the archive does not hold the event %s: %s", id, events.String())
		}
	}
}
