package meter_test

import (
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"waymark/infra/cost/bill"
	"waymark/infra/cost/meter"
	"waymark/infra/local/lambda"
	"waymark/infra/local/template"
)

const project = `
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties: {AccessLogSettings: {Format: "$context.status $context.requestId"}}
  Queue: {Type: AWS::SQS::Queue}
  Dead: {Type: AWS::SQS::Queue}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: PK, AttributeType: S}, {AttributeName: SK, AttributeType: N}]
      KeySchema: [{AttributeName: PK, KeyType: HASH}, {AttributeName: SK, KeyType: RANGE}]
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      MemorySize: 512
      LoggingConfig: {LogFormat: JSON}
      Events:
        Messages: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn, BatchSize: 25, MaximumBatchingWindowInSeconds: 3}}
  Still:
    Type: AWS::Serverless::Function
    Properties: {MemorySize: 128, LoggingConfig: {LogFormat: JSON, SystemLogLevel: WARN}}
`

// service answers what the test tells it to and remembers what it was asked.
type service struct {
	status int
	answer string
	asked  []string
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.asked = append(s.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("X-Amz-Target")+" "+
		string(body)))
	w.WriteHeader(s.status)
	io.WriteString(w, s.answer)
}

// bench is a meter between the function Worker and services that all are one.
type bench struct {
	*testing.T
	meter   *meter.Meter
	service *service
	sqs     string            // the address of SQS without a meter
	vars    map[string]string // that the function gets
	ledger  *bill.Ledger
}

func newBench(t *testing.T) *bench {
	t.Helper()
	parsed, err := template.Parse("template.yaml", []byte(project), template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := meter.New(parsed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	s := &service{status: http.StatusOK, answer: "{}"}
	vars := map[string]string{"TABLE_NAME": "waymark-Table"}
	for _, name := range []string{"DYNAMODB", "SQS", "S3"} {
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		vars["AWS_ENDPOINT_URL_"+name] = server.URL
	}
	vars["QUEUE_URL"] = vars["AWS_ENDPOINT_URL_SQS"] + "/000000000000/waymark-Queue"
	b := &bench{
		T: t, meter: m, service: s, sqs: vars["AWS_ENDPOINT_URL_SQS"], vars: m.Environment("Worker", vars),
		ledger: &bill.Ledger{},
	}
	m.Charge(b.ledger)
	return b
}

// call makes one call of a JSON protocol.
func (b *bench) call(service, target, body string) string {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.vars["AWS_ENDPOINT_URL_"+service],
		strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", target)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	return string(answer)
}

// dynamo makes one call of DynamoDB that is answered so, and gives what it added to the ledger.
func (b *bench) dynamo(operation, body string, status int, answer string) (writes, halves int64) {
	b.Helper()
	b.ledger = &bill.Ledger{}
	b.meter.Charge(b.ledger)
	b.service.status, b.service.answer = status, answer
	if got := b.call("DYNAMODB", "DynamoDB_20120810."+operation, body); got != answer {
		b.Errorf("%s %s: answer %s, want that of the service: %s", operation, body, got, answer)
	}
	used := counts(b.ledger)
	return used["dynamodb.write"], used["dynamodb.read"]
}

// counts are the parts of each kind, whoever used them.
func counts(l *bill.Ledger) map[string]int64 {
	out := map[string]int64{}
	for line, parts := range l.Usage() {
		out[string(line.Kind)] += new(big.Int).Quo(parts.Num(), parts.Denom()).Int64()
	}
	return out
}

// itemOf is an item of so many bytes.
func itemOf(sk, size int) string {
	const others = len("PK") + len("a") + len("SK") + 2 + len("x") // SK is one digit
	return fmt.Sprintf(`{"PK":{"S":"a"},"SK":{"N":"%d"},"x":{"S":"%s"}}`, sk, strings.Repeat("y", size-others))
}

func keyOf(sk int) string { return fmt.Sprintf(`{"PK":{"S":"a"},"SK":{"N":"%d"}}`, sk) }

const (
	failedCondition = `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}`
	cancelled       = `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException"}`
	invalid         = `{"__type":"com.amazon.coral.validate#ValidationException"}`
)

// One table lives through these calls, so that each finds what those before it left.
func TestDynamoDB(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	put := func(sk, size int) string { return `{"TableName":"waymark-Table","Item":` + itemOf(sk, size) + `}` }
	named := func(sk int, more string) string {
		return `{"TableName":"waymark-Table","Key":` + keyOf(sk) + more + `}`
	}
	query := func(more string) string {
		return `{"TableName":"waymark-Table","KeyConditionExpression":"PK = :pk","ExpressionAttributeValues":{":pk":{"S":"a"}}` + more + `}`
	}
	found := func(items ...string) string { return `{"Items":[` + strings.Join(items, ",") + `]}` }
	for _, c := range []struct {
		name, operation, body string
		status                int
		answer                string
		writes, halves        int64
	}{
		{"a put of 1,024 bytes", "PutItem", put(1, 1024), 200, `{}`, 1, 0},
		{"of one more", "PutItem", put(1, 1025), 200, `{}`, 2, 0},
		{"of less: the larger counts", "PutItem", put(1, 100), 200, `{}`, 2, 0},
		{"and then the smaller is there", "PutItem", put(1, 200), 200, `{}`, 1, 0},
		{"a large one", "PutItem", put(2, 5000), 200, `{}`, 5, 0},
		{"a condition that fails takes what is there", "PutItem", put(2, 100), 400, failedCondition, 5, 0},
		{"and changes nothing", "PutItem", put(2, 5000), 200, `{}`, 5, 0},
		{"a condition that fails on nothing", "PutItem", put(3, 9000), 400, failedCondition, 1, 0},
		{"what is no valid call", "PutItem", put(3, 9000), 400, invalid, 0, 0},
		{"a read of 5,000 bytes", "GetItem", named(2, `,"ConsistentRead":true`), 200, `{}`, 0, 4},
		{"eventually", "GetItem", named(2, ""), 200, `{}`, 0, 2},
		{
			"with a projection: all of it", "GetItem", named(2, `,"ConsistentRead":true,"ProjectionExpression":"v"`), 200,
			`{}`, 0, 4,
		},
		{"of nothing", "GetItem", named(9, `,"ConsistentRead":true`), 200, `{}`, 0, 2},
		{
			"a batch of reads rounds each", "BatchGetItem",
			`{"RequestItems":{"waymark-Table":{"ConsistentRead":true,"Keys":[` + keyOf(1) + `,` + keyOf(2) + `,` + keyOf(9) +
				`]}}}`,
			200, `{}`, 0, 2 + 4 + 2,
		},
		{"a transaction of reads doubles", "TransactGetItems", `{"TransactItems":[{"Get":` + named(1, "") + `},{"Get":` +
			named(2, "") + `}]}`, 200, `{}`, 0, 4 + 8},
		{
			"a page is rounded once", "Query", query(`,"ConsistentRead":true`), 200,
			found(itemOf(1, 3000), itemOf(2, 1000), itemOf(3, 97)), 0, 4,
		},
		{"eventually", "Query", query(""), 200, found(itemOf(1, 3000), itemOf(2, 1000), itemOf(3, 97)), 0, 2},
		{"an empty page", "Query", query(`,"ConsistentRead":true`), 200, found(), 0, 2},
		{"a scan", "Scan", `{"TableName":"waymark-Table","ConsistentRead":true}`, 200, found(itemOf(1, 4097)), 0, 4},
		{
			"a batch of writes: each by itself", "BatchWriteItem", `{"RequestItems":{"waymark-Table":[{"PutRequest":{"Item":` +
				itemOf(4, 2000) + `}},{"DeleteRequest":{"Key":` + keyOf(2) + `}},{"DeleteRequest":{"Key":` + keyOf(9) + `}}]}}`,
			200, `{}`, 2 + 5 + 1, 0,
		},
		{"what was deleted is gone", "DeleteItem", named(2, ""), 200, `{}`, 1, 0},
		{
			"a transaction doubles", "TransactWriteItems", `{"TransactItems":[{"Put":` + put(5, 1500) + `},{"Delete":` +
				named(4, "") + `},{"ConditionCheck":` + named(1, "") + `}]}`,
			200, `{}`, 2 * (2 + 2 + 1), 0,
		},
		{"one that is cancelled takes the same", "TransactWriteItems", `{"TransactItems":[{"Put":` + put(6, 2500) +
			`},{"Delete":` + named(5, "") + `}]}`, 400, cancelled, 2 * (3 + 2), 0},
		{"and changes nothing", "DeleteItem", named(5, ""), 200, `{}`, 2, 0},
		{
			"an update asks how large the item is now", "UpdateItem", named(7, `,"UpdateExpression":"SET x = :x"`), 200,
			`{"Item":` + itemOf(7, 3000) + `}`, 3, 0,
		},
		{"and remembers it", "DeleteItem", named(7, ""), 200, `{}`, 3, 0},
	} {
		if writes, halves := b.dynamo(c.operation, c.body, c.status, c.answer); writes != c.writes || halves != c.halves {
			t.Errorf("%s: %d write units and %d half read units, want %d and %d", c.name, writes, halves, c.writes, c.halves)
		}
	}
	if err := b.meter.Err(); err != nil {
		t.Error(err)
	}
}

// A page that leaves something out is read again whole, with only the names and values that its keys need.
func TestFilteredPage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.dynamo("Query", `{"TableName":"waymark-Table","ConsistentRead":true,"KeyConditionExpression":"PK = :pk AND #s > :s","FilterExpression":"#st = :st","ProjectionExpression":"#st","Limit":5,`+
		`"ExpressionAttributeNames":{"#s":"SK","#st":"state"},"ExpressionAttributeValues":{":pk":{"S":"a"},":s":{"N":"1"},":st":{"S":"open"}}}`, 200, `{"Items":[`+itemOf(1, 5000)+`]}`)
	want := `POST / DynamoDB_20120810.Query {"ConsistentRead":true,"ExpressionAttributeNames":{"#s":"SK"},"ExpressionAttributeValues":{":pk":{"S":"a"},":s":{"N":"1"}},` +
		`"KeyConditionExpression":"PK = :pk AND #s \u003e :s","Limit":5,"TableName":"waymark-Table"}`
	if len(b.service.asked) != 2 || b.service.asked[1] != want {
		t.Errorf("asked %q, want at last\n%s", b.service.asked, want)
	}
	if got := counts(b.ledger)["dynamodb.read"]; got != 4 {
		t.Errorf("%d half read units, want 4", got)
	}
}

// What the meter cannot price ends the measurement.
func TestUnknownCalls(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ service, target, body, want string }{
		{"DYNAMODB", "DynamoDB_20120810.ExecuteStatement", `{}`, "the meter cannot price DynamoDB's ExecuteStatement"},
		{"DYNAMODB", "DynamoDB_20120810.Query", `{"IndexName":"x"}`, "the meter cannot price a Query of an index"},
		{
			"DYNAMODB", "DynamoDB_20120810.GetItem", `{"TableName":"other"}`,
			`the meter does not know the keys of table "other"`,
		},
		{"SQS", "", `Action=SendMessage`, `the meter cannot read a call of SQS by Worker: POST ""`},
	} {
		b := newBench(t)
		b.call(c.service, c.target, c.body)
		if err := b.meter.Err(); err == nil || err.Error() != c.want {
			t.Errorf("%s %s: error %v, want %s", c.target, c.body, err, c.want)
		}
	}
	parsed, err := template.Parse("t", []byte(`
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties: {GlobalSecondaryIndexes: [{IndexName: other, KeySchema: [{AttributeName: a, KeyType: HASH}], Projection: {ProjectionType: ALL}}]}
`), template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := meter.New(parsed); err == nil || err.Error() != "the meter cannot price the indexes of table Table" {
		t.Errorf("New of a table with an index: %v", err)
	}
}

func TestS3(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path string
		want         map[string]int64
	}{
		{http.MethodPut, "/bucket/a/b", map[string]int64{"s3.put": 1}},
		{http.MethodPost, "/bucket/a?uploads", map[string]int64{"s3.put": 1}},
		{http.MethodPost, "/bucket?delete", map[string]int64{}},
		{http.MethodDelete, "/bucket/a", map[string]int64{}},
		{http.MethodGet, "/bucket/a", map[string]int64{"s3.get": 1}},
		{http.MethodHead, "/bucket/a", map[string]int64{"s3.get": 1}},
		{http.MethodGet, "/bucket?list-type=2", map[string]int64{"s3.put": 1}},
		{http.MethodGet, "/bucket/?list-type=2", map[string]int64{"s3.put": 1}},
	} {
		b := newBench(t)
		request, err := http.NewRequestWithContext(t.Context(), c.method, b.vars["AWS_ENDPOINT_URL_S3"]+c.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if got := counts(b.ledger); !maps.Equal(got, c.want) {
			t.Errorf("%s %s counts %v, want %v", c.method, c.path, got, c.want)
		}
		if want := []string{c.method + " " + c.path}; !reflect.DeepEqual(b.service.asked, want) {
			t.Errorf("the service was asked %q, want %q", b.service.asked, want)
		}
	}
}

func TestInvocations(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.meter.Invoked("Worker", lambda.Answer{Duration: 2100 * time.Microsecond})
	b.meter.Requested(1)
	b.meter.Requested(512*1024 + 1)
	b.meter.Invoked("Still", lambda.Answer{Duration: time.Millisecond})
	b.meter.Fired("Still")
	b.meter.Fired("Still")
	line := func(function string, kind bill.Kind) bill.Line { return bill.Line{Function: function, Kind: kind} }
	want := bill.Usage{
		line("Worker", bill.LambdaRequest): big.NewRat(1, 1), line("Worker", bill.LambdaTime): big.NewRat(3*512, 1),
		line("Worker", bill.LogPlatform): big.NewRat(500, 1), line("Worker", bill.HTTPRequest): big.NewRat(3, 1),
		line("Worker", bill.LogAccess):    big.NewRat(2*int64(len("200 JKJaXmPLvHcESHA=")), 1),
		line("Still", bill.LambdaRequest): big.NewRat(1, 1), line("Still", bill.LambdaTime): big.NewRat(128, 1),
		line("Still", bill.Firing): big.NewRat(2, 1),
	}
	if got := b.ledger.Usage(); !reflect.DeepEqual(got, want) {
		t.Errorf("usage %v, want %v", got, want)
	}
}

// Lines are counted when they are whole, by what a higher log level would leave out, in the ledger of the work they
// tell of.
func TestOutput(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var log strings.Builder
	w := b.meter.Output("Worker", &log)
	io.WriteString(w, `{"level":"INFO","msg":"x"}`+"\n"+`{"level":"WARN"`)
	if got, want := counts(b.ledger), map[string]int64{"log.info": 26}; !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	b.meter.Invoked("Worker", lambda.Answer{})
	b.meter.Charge(&bill.Ledger{})
	io.WriteString(w, "}\npanic: no JSON\n")
	got := counts(b.ledger)
	if got["log.info"] != 26 || got["log.warn"] != 16+14 {
		t.Errorf("counted %v, want 26 bytes below WARN and 30 others, in the former ledger", got)
	}
	if want := "{\"level\":\"INFO\",\"msg\":\"x\"}\n{\"level\":\"WARN\"}\npanic: no JSON\n"; log.String() != want {
		t.Errorf("the log has %q, want %q", log.String(), want)
	}
}
