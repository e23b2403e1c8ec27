package meter

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"sync"
	"time"

	"waymark/infra/cost/bill"
	"waymark/infra/local/template"
)

// Source is a queue that feeds a function.
type Source struct {
	Function  string
	QueueARN  string
	BatchSize int
	Window    time.Duration // in which a batch may fill
}

// Message is what was sent to a queue that feeds a function.
type Message struct {
	ID         string
	Body       string
	Attributes map[string]Attribute
}

// Attribute is one of a message's own.
type Attribute struct {
	DataType    string `json:",omitempty"`
	StringValue string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

// size is what SQS counts: the body and names, types and values of the attributes.
func (m Message) size() int {
	size := len(m.Body)
	for name, a := range m.Attributes {
		size += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return size
}

// queues keeps messages until they are taken.
type queues struct {
	sources map[string]Source // by the queue's name

	mu     sync.Mutex
	number int // messages so far
	kept   map[string][]Message
}

func newQueues(t *template.Template) (*queues, error) {
	q := &queues{sources: map[string]Source{}, kept: map[string][]Message{}}
	sources, err := t.QueueSources()
	if err != nil {
		return nil, err
	}
	all, err := t.Queues()
	if err != nil {
		return nil, err
	}
	for _, source := range sources {
		for _, queue := range all {
			if queue.ARN == source.QueueARN {
				q.sources[queue.Name] = Source{source.Function, source.QueueARN, source.BatchSize, source.Window}
			}
		}
	}
	return q, nil
}

// Sources lists the queues that feed functions.
func (m *Meter) Sources() map[string]Source { return m.queues.sources }

// Take gives the messages that a queue got since it was last asked, in order.
func (m *Meter) Take(queue string) []Message {
	m.queues.mu.Lock()
	defer m.queues.mu.Unlock()
	taken := m.queues.kept[queue]
	delete(m.queues.kept, queue)
	return taken
}

// sent is one message of a send.
type sent struct {
	ID         string `json:"Id"` // within a batch
	Body       string `json:"MessageBody"`
	Attributes map[string]Attribute
}

// serveSQS keeps what is sent to a queue that feeds a function, and passes everything else on.
func (m *Meter) serveSQS(c call) (answer, error) {
	var asked struct {
		QueueURL          string `json:"QueueUrl"`
		MessageBody       string
		MessageAttributes map[string]Attribute
		Entries           []struct {
			ID                string `json:"Id"`
			MessageBody       string
			MessageAttributes map[string]Attribute
		}
	}
	name := operation(c.http.Header)
	if err := json.Unmarshal(c.body, &asked); err != nil || name == "" {
		return answer{}, fmt.Errorf("the meter cannot read a call of SQS by %s: %s %q", c.function, c.http.Method, name)
	}
	messages := []sent{{"", asked.MessageBody, asked.MessageAttributes}}
	if name == "SendMessageBatch" {
		messages = nil
		for _, e := range asked.Entries {
			messages = append(messages, sent{e.ID, e.MessageBody, e.MessageAttributes})
		}
	}
	isSend := name == "SendMessage" || name == "SendMessageBatch"
	queue := path.Base(asked.QueueURL)
	if _, feeds := m.queues.sources[queue]; isSend && feeds {
		kept := m.queues.keep(queue, messages)
		m.add(c.function, bill.SQSSend, chunks(kept))
		return acknowledge(name, messages, kept)
	}
	header := c.http.Header.Clone()
	header.Del("Content-Length")
	said, err := m.pass(c.http.Context(), c, header, bytes.ReplaceAll(c.body, []byte(c.address), []byte(c.upstream)))
	if err == nil {
		m.countPassed(c.function, name, isSend, messages, said)
	}
	return said, err
}

// countPassed counts a call that the emulator answered.
func (m *Meter) countPassed(function, name string, isSend bool, messages []sent, said answer) {
	switch {
	case said.status != http.StatusOK:
	case isSend:
		var all []Message
		for _, s := range messages {
			all = append(all, Message{Body: s.Body, Attributes: s.Attributes})
		}
		m.add(function, bill.SQSSend, chunks(all))
	case name == "ReceiveMessage":
		m.add(function, bill.SQSReceive, max(1, ceil(len(said.body), sqsChunkBytes)))
	case name == "DeleteMessage", name == "DeleteMessageBatch":
		m.add(function, bill.SQSDelete, 1)
	default:
		m.add(function, bill.SQSOther, 1)
	}
}

func chunks(messages []Message) int64 {
	size := 0
	for _, m := range messages {
		size += m.size()
	}
	return max(1, ceil(size, sqsChunkBytes))
}

// keep stores messages and gives them ids, the same in each run.
func (q *queues) keep(queue string, messages []sent) []Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	var kept []Message
	for _, s := range messages {
		q.number++
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", q.number)
		kept = append(kept, Message{ID: id, Body: s.Body, Attributes: s.Attributes})
	}
	q.kept[queue] = append(q.kept[queue], kept...)
	return kept
}

// acknowledge is the answer of SQS to a send.
func acknowledge(name string, messages []sent, kept []Message) (answer, error) {
	type taken struct {
		ID        string `json:"Id,omitempty"`
		MessageID string `json:"MessageId"`
		MD5       string `json:"MD5OfMessageBody"`
	}
	var all []taken
	for i, m := range kept {
		sum := md5.Sum([]byte(m.Body))
		all = append(all, taken{messages[i].ID, m.ID, hex.EncodeToString(sum[:])})
	}
	var said any = map[string]any{"Successful": all, "Failed": []string{}}
	if name == "SendMessage" {
		said = all[0]
	}
	body, err := json.Marshal(said)
	if err != nil {
		return answer{}, fmt.Errorf("write answer of SQS: %w", err)
	}
	return answer{http.StatusOK, http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, body}, nil
}
