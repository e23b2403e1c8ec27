package local

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waymark/infra/local/template"
)

// createResources makes the template's tables, queues and buckets, as far as they are not there.
func (c *Cloud) createResources(ctx context.Context, t *template.Template) error {
	return errors.Join(c.createTables(ctx, t), c.createQueues(ctx, t), c.createBuckets(ctx, t))
}

func (c *Cloud) createTables(ctx context.Context, t *template.Template) error {
	tables, err := t.Tables()
	if err != nil {
		return err
	}
	client := c.dynamoDB()
	for _, table := range tables {
		if err := createTable(ctx, client, table); err != nil {
			return fmt.Errorf("create table %s: %w", table.Name, err)
		}
	}
	return nil
}

func createTable(ctx context.Context, client *dynamodb.Client, table template.Table) error {
	input := &dynamodb.CreateTableInput{
		TableName: &table.Name, BillingMode: dynamotypes.BillingModePayPerRequest, KeySchema: keySchema(table.Keys),
	}
	for _, a := range table.Attributes {
		input.AttributeDefinitions = append(input.AttributeDefinitions, dynamotypes.AttributeDefinition{
			AttributeName: aws.String(a.Name), AttributeType: dynamotypes.ScalarAttributeType(a.Type),
		})
	}
	for _, index := range table.Indexes {
		input.GlobalSecondaryIndexes = append(input.GlobalSecondaryIndexes, dynamotypes.GlobalSecondaryIndex{
			IndexName: aws.String(index.Name), KeySchema: keySchema(index.Keys),
			Projection: &dynamotypes.Projection{ProjectionType: dynamotypes.ProjectionType(index.Projection), NonKeyAttributes: index.NonKey},
		})
	}
	_, err := client.CreateTable(ctx, input)
	if _, exists := errors.AsType[*dynamotypes.ResourceInUseException](err); exists {
		return nil
	}
	if err != nil || table.ExpiresBy == "" {
		return err
	}
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               &table.Name,
		TimeToLiveSpecification: &dynamotypes.TimeToLiveSpecification{AttributeName: &table.ExpiresBy, Enabled: aws.Bool(true)},
	})
	return err
}

func keySchema(keys []template.Key) []dynamotypes.KeySchemaElement {
	var schema []dynamotypes.KeySchemaElement
	for _, key := range keys {
		schema = append(schema, dynamotypes.KeySchemaElement{AttributeName: aws.String(key.Name), KeyType: dynamotypes.KeyType(key.Type)})
	}
	return schema
}

func (c *Cloud) createQueues(ctx context.Context, t *template.Template) error {
	queues, err := t.Queues()
	if err != nil {
		return err
	}
	client := c.sqs()
	for _, queue := range queues {
		created, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &queue.Name, Attributes: queue.Attributes})
		if err != nil {
			// It exists with other attributes: the template changed while running.
			_, err = client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: aws.String(c.queueURL(queue.Name)), Attributes: queue.Attributes})
		} else if url := aws.ToString(created.QueueUrl); url != c.queueURL(queue.Name) {
			err = fmt.Errorf("its address is %s, not %s", url, c.queueURL(queue.Name))
		}
		if err != nil {
			return fmt.Errorf("create queue %s: %w", queue.Name, err)
		}
	}
	return nil
}

// queueURL is the address under which the SQS emulator knows a queue.
func (c *Cloud) queueURL(name string) string {
	return c.services.queue.URL() + "/" + account + "/" + name
}

func (c *Cloud) createBuckets(ctx context.Context, t *template.Template) error {
	buckets, err := t.Buckets()
	if err != nil {
		return err
	}
	client := c.s3()
	for _, bucket := range buckets {
		_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket.Name})
		_, exists := errors.AsType[*s3types.BucketAlreadyExists](err)
		if err != nil && !exists {
			return fmt.Errorf("create bucket %s: %w", bucket.Name, err)
		}
	}
	return nil
}
