package template

import (
	"encoding/json"
	"fmt"
)

// Table is a DynamoDB table.
type Table struct {
	ID         string
	Name       string
	Attributes []Attribute
	Keys       []Key
	Indexes    []Index
	ExpiresBy  string // attribute of the time to live; empty for none
}

// Attribute is a key attribute and its type: S, N or B.
type Attribute struct{ Name, Type string }

// Key is one part of a primary key: HASH or RANGE.
type Key struct{ Name, Type string }

// Index is a global secondary index.
type Index struct {
	Name       string
	Keys       []Key
	Projection string
	NonKey     []string
}

// Queue is an SQS queue with the attributes that SQS itself knows.
type Queue struct {
	ID         string
	Name       string
	ARN        string
	Attributes map[string]string
}

// Bucket is an S3 bucket.
type Bucket struct{ ID, Name string }

// Tables lists the tables in the template's order.
func (t *Template) Tables() ([]Table, error) {
	resources, err := t.existing("AWS::DynamoDB::Table")
	if err != nil {
		return nil, err
	}
	var tables []Table
	for _, r := range resources {
		table, err := t.table(r)
		if err != nil {
			return nil, fmt.Errorf("read table %s: %w", r.id, err)
		}
		tables = append(tables, table)
	}
	return tables, nil
}

func (t *Template) table(r resource) (Table, error) {
	name, err := t.name(r)
	if err != nil {
		return Table{}, err
	}
	p := t.properties(r)
	table := Table{ID: r.id, Name: name, Keys: keys(p.value("KeySchema"))}
	for _, entry := range entries(p.value("AttributeDefinitions")) {
		table.Attributes = append(table.Attributes, Attribute{asText(entry["AttributeName"]), asText(entry["AttributeType"])})
	}
	for _, entry := range entries(p.value("GlobalSecondaryIndexes")) {
		index := Index{Name: asText(entry["IndexName"]), Keys: keys(entry["KeySchema"]), Projection: "ALL"}
		if projection, is := entry["Projection"].(map[string]any); is {
			index.Projection = asText(projection["ProjectionType"])
			list, _ := projection["NonKeyAttributes"].([]any)
			for _, attribute := range list {
				index.NonKey = append(index.NonKey, asText(attribute))
			}
		}
		table.Indexes = append(table.Indexes, index)
	}
	if expiry := p.section("TimeToLiveSpecification"); expiry.text("Enabled", "false") == "true" {
		table.ExpiresBy = expiry.text("AttributeName", "")
	}
	return table, p.err()
}

func keys(value any) []Key {
	var parts []Key
	for _, entry := range entries(value) {
		parts = append(parts, Key{asText(entry["AttributeName"]), asText(entry["KeyType"])})
	}
	return parts
}

func entries(value any) []map[string]any {
	list, _ := value.([]any)
	var mappings []map[string]any
	for _, entry := range list {
		if mapping, is := entry.(map[string]any); is {
			mappings = append(mappings, mapping)
		}
	}
	return mappings
}

// queueAttributes are the properties of a queue that mean something here. Encryption does not.
var queueAttributes = []string{
	"ContentBasedDeduplication", "DelaySeconds", "FifoQueue", "MaximumMessageSize", "MessageRetentionPeriod",
	"ReceiveMessageWaitTimeSeconds", "VisibilityTimeout",
}

// Queues lists the queues; a dead-letter queue comes before the queue that names it.
func (t *Template) Queues() ([]Queue, error) {
	resources, err := t.existing("AWS::SQS::Queue")
	if err != nil {
		return nil, err
	}
	var targets, sources []Queue
	for _, r := range resources {
		queue, err := t.queue(r)
		if err != nil {
			return nil, fmt.Errorf("read queue %s: %w", r.id, err)
		}
		if queue.Attributes["RedrivePolicy"] == "" {
			targets = append(targets, queue)
			continue
		}
		sources = append(sources, queue)
	}
	return append(targets, sources...), nil
}

func (t *Template) queue(r resource) (Queue, error) {
	name, err := t.name(r)
	if err != nil {
		return Queue{}, err
	}
	p := t.properties(r)
	queue := Queue{ID: r.id, Name: name, ARN: t.arn("sqs", name), Attributes: map[string]string{}}
	for _, attribute := range queueAttributes {
		if value := p.text(attribute, ""); value != "" {
			queue.Attributes[attribute] = value
		}
	}
	policy, is := p.value("RedrivePolicy").(map[string]any)
	if !is {
		return queue, p.err()
	}
	encoded, err := json.Marshal(map[string]any{
		"deadLetterTargetArn": asText(policy["deadLetterTargetArn"]),
		"maxReceiveCount":     json.Number(asText(policy["maxReceiveCount"])),
	})
	if err != nil {
		return Queue{}, fmt.Errorf("read redrive policy: %w", err)
	}
	queue.Attributes["RedrivePolicy"] = string(encoded)
	return queue, p.err()
}

// Buckets lists the buckets in the template's order.
func (t *Template) Buckets() ([]Bucket, error) {
	resources, err := t.existing("AWS::S3::Bucket")
	if err != nil {
		return nil, err
	}
	var buckets []Bucket
	for _, r := range resources {
		name, err := t.name(r)
		if err != nil {
			return nil, fmt.Errorf("read bucket %s: %w", r.id, err)
		}
		buckets = append(buckets, Bucket{ID: r.id, Name: name})
	}
	return buckets, nil
}
