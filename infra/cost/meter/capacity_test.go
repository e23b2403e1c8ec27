package meter_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"

	"waymark/infra/cost/bill"
	"waymark/infra/cost/meter"
	"waymark/infra/local/emulator"
	"waymark/infra/local/template"
)

const modules = "../../emulators/node_modules"

// A table of the emulator tells what capacity each call consumed, by its own reckoning. Both must agree on any
// sequence of calls.
func TestCapacityOfTheEmulator(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(modules); err != nil {
		t.Fatalf("the emulators are not installed, run make emulators: %v", err)
	}
	db, err := emulator.StartDynamoDB(t.Context(), emulator.DynamoDBConfig{Modules: modules})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Stop)
	parsed, err := template.Parse("template.yaml", []byte(project), template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := meter.New(parsed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	vars := m.Environment("Worker", map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": db.URL(),
		"AWS_ENDPOINT_URL_SQS":      "http://127.0.0.1:1", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:2",
	})
	s := &session{T: t, meter: m, address: vars["AWS_ENDPOINT_URL_DYNAMODB"]}
	const create = `{"TableName":"waymark-Table","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"PK","AttributeType":"S"},{"AttributeName":"SK","AttributeType":"N"}],` +
		`"KeySchema":[{"AttributeName":"PK","KeyType":"HASH"},{"AttributeName":"SK","KeyType":"RANGE"}]}`
	if status, answer := s.ask(db.URL(), "CreateTable", create); status != http.StatusOK {
		t.Fatalf("create table: %s", answer)
	}
	const seed, calls = 1, 600
	s.rand = rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for range calls {
		s.random()
	}
	if s.compared < calls/2 {
		t.Errorf("only %d calls of %d were compared", s.compared, calls)
	}
	if err := m.Err(); err != nil {
		t.Error(err)
	}
}

// session makes random calls of one table.
type session struct {
	*testing.T
	meter   *meter.Meter
	address string
	rand    *rand.Rand

	compared int
}

func (s *session) ask(address, operation, body string) (status int, answer []byte) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("Authorization",
		"AWS4-HMAC-SHA256 Credential=a/20261122/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	request.Header.Set("X-Amz-Date", "20261122T000000Z")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	if answer, err = io.ReadAll(response.Body); err != nil {
		s.Fatal(err)
	}
	return response.StatusCode, answer
}

// random makes one call and compares what it consumed.
func (s *session) random() {
	s.Helper()
	named := `"TableName":"waymark-Table"`
	consistent := fmt.Sprintf(`,"ConsistentRead":%v`, s.rand.IntN(2) == 0)
	operation, body := "", ""
	switch s.rand.IntN(12) {
	case 0, 1:
		operation, body = "PutItem", named+`,"Item":`+s.item()
	case 2:
		operation, body = "PutItem", named+`,"Item":`+s.item()+`,"ConditionExpression":"attribute_not_exists(PK)"`
	case 3:
		operation, body = "DeleteItem", named+`,"Key":`+s.key()
	case 4:
		operation, body = "GetItem", named+`,"Key":`+s.key()+consistent
	case 5:
		operation, body = "Query",
			named+consistent+`,"KeyConditionExpression":"PK = :pk","ExpressionAttributeValues":{":pk":{"S":"a"}}`
	case 6:
		operation, body = "Query",
			named+consistent+`,"KeyConditionExpression":"PK = :pk","FilterExpression":"n = :n","ProjectionExpression":"SK","ExpressionAttributeValues":{":pk":{"S":"b"},":n":{"N":"1"}}`
	case 7:
		operation, body = "UpdateItem", named+`,"Key":`+s.key()+
			fmt.Sprintf(`,"UpdateExpression":"SET t = :t","ExpressionAttributeValues":{":t":{"S":%q}}`, s.text())
	case 8:
		operation = "BatchWriteItem"
		body = `"RequestItems":{"waymark-Table":[{"PutRequest":{"Item":` + s.itemAt("a") + `}},{"DeleteRequest":{"Key":` +
			keyAt("b", s.rand.IntN(4)) + `}}]}`
	case 9:
		operation = "TransactWriteItems"
		body = `"TransactItems":[{"Put":{` + named + `,"Item":` + s.itemAt("a") + `}},{"Delete":{` + named + `,"Key":` +
			keyAt("b", s.rand.IntN(4)) + `}}]`
	case 10:
		operation = "TransactGetItems"
		body = `"TransactItems":[{"Get":{` + named + `,"Key":` + keyAt("a", s.rand.IntN(4)) + `}},{"Get":{` + named +
			`,"Key":` + keyAt("b", s.rand.IntN(4)) + `}}]`
	default:
		operation, body = "BatchGetItem", `"RequestItems":{"waymark-Table":{"Keys":[`+keyAt("a", s.rand.IntN(4))+`,`+
			keyAt("b", s.rand.IntN(4))+`]`+consistent+`}}`
	}
	body = `{"ReturnConsumedCapacity":"TOTAL",` + body + `}`
	var ledger bill.Ledger
	s.meter.Charge(&ledger)
	status, answer := s.ask(s.address, operation, body)
	if status != http.StatusOK {
		return // how much a failed condition takes, the emulator does not say
	}
	s.compared++
	if got, want := halves(&ledger), consumed(s.T, answer); got != want {
		s.Errorf("%s %.300s: counted %d halves, the emulator says %d", operation, body, got, want)
	}
}

// halves is what was counted, in half units of either kind.
func halves(l *bill.Ledger) int64 {
	used := counts(l)
	return 2*used["dynamodb.write"] + used["dynamodb.read"]
}

// consumed is what the answer says, in half units.
func consumed(t *testing.T, answer []byte) int64 {
	t.Helper()
	var one struct {
		ConsumedCapacity json.RawMessage
	}
	if err := json.Unmarshal(answer, &one); err != nil {
		t.Fatal(err)
	}
	type units struct{ CapacityUnits float64 }
	var single units
	if err := json.Unmarshal(one.ConsumedCapacity, &single); err == nil {
		return int64(2 * single.CapacityUnits)
	}
	var several []units
	if err := json.Unmarshal(one.ConsumedCapacity, &several); err != nil || len(several) != 1 {
		t.Fatalf("capacity in %.300s: %v", answer, err)
	}
	return int64(2 * several[0].CapacityUnits)
}

func keyAt(pk string, sk int) string { return fmt.Sprintf(`{"PK":{"S":%q},"SK":{"N":"%d"}}`, pk, sk) }

func (s *session) key() string { return keyAt([]string{"a", "b"}[s.rand.IntN(2)], s.rand.IntN(4)) }

// item is an item of up to some 9 KB with attributes of all sorts.
func (s *session) item() string { return s.itemAt([]string{"a", "b"}[s.rand.IntN(2)]) }

func (s *session) itemAt(pk string) string {
	key := strings.TrimSuffix(keyAt(pk, s.rand.IntN(4)), "}")
	return fmt.Sprintf(`%s,"n":{"N":"%d"},"t":{"S":%q},"b":{"B":"AAEC"},"l":{"L":[{"S":"x"},{"NULL":true}]},"m":{"M":{"k":{"BOOL":true},"n":{"N":"-%d.5"}}},"s":{"SS":["u","vw"]}}`,
		key, s.rand.IntN(3), s.text(), s.rand.IntN(100000))
}

// text is often of a length at which a unit ends.
func (s *session) text() string {
	size := s.rand.IntN(9000)
	if s.rand.IntN(2) == 0 {
		size = 1024*(1+s.rand.IntN(5)) - s.rand.IntN(90)
	}
	return strings.Repeat("z", size)
}
