-- What one finished call adds to the sums of its model. A call's cost is shared out among plain input, cached input and
-- output by the rates of its price; what rounding leaves falls to output.
CREATE OR REPLACE VIEW billing_model_part AS
SELECT c.finished_at, c.model, (c.state = 'settled')::int AS settled, c.cost_nano,
    c.input_tokens, c.cache_read_tokens, c.cache_write_tokens, c.output_tokens, c.reasoning_tokens,
    coalesce(floor(c.cost_nano * w.input / nullif(w.input + w.cache + w.output, 0)), 0)::bigint AS input_nano,
    coalesce(floor(c.cost_nano * w.cache / nullif(w.input + w.cache + w.output, 0)), 0)::bigint AS cache_nano,
    (c.state = 'settled' AND c.attempt > 1)::int AS again,
    CASE WHEN c.state = 'settled' AND c.attempt > 1 THEN c.cost_nano ELSE 0 END AS again_nano,
    (c.state = 'settled' AND c.kind = 'model' AND c.output_tokens <= c.reasoning_tokens)::int AS mute,
    CASE WHEN c.state = 'settled' AND c.kind = 'model' AND c.output_tokens <= c.reasoning_tokens
        THEN c.cost_nano ELSE 0 END AS mute_nano,
    (c.state = 'in_doubt')::int AS doubts,
    CASE WHEN c.state = 'in_doubt' THEN c.hold_nano ELSE 0 END AS doubt_nano
FROM billing_call c
LEFT JOIN billing_price p ON p.id = c.price_id
CROSS JOIN LATERAL (SELECT
    greatest(c.input_tokens - c.cache_read_tokens - c.cache_write_tokens, 0)::numeric
        * coalesce(p.input_pico, 1) AS input,
    c.cache_read_tokens::numeric * coalesce(p.cache_read_pico, p.input_pico, 1)
        + c.cache_write_tokens::numeric * coalesce(p.cache_write_pico, p.input_pico, 1) AS cache,
    c.output_tokens::numeric * coalesce(p.output_pico, 1) AS output) AS w
WHERE c.finished_at IS NOT NULL AND c.state <> 'void';

-- Sums those that finished from p_from until p_until by model and quarter of an hour, and notes what is odd about calls.
CREATE OR REPLACE FUNCTION billing_sum_models(p_from timestamptz, p_until timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO billing_modelsum (
        quarter, model, settled, cost_nano, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
        reasoning_tokens, input_nano, cache_nano, again, again_nano, mute, mute_nano, doubts, doubt_nano
    )
    SELECT date_bin('15 minutes', finished_at, 'epoch'), model, sum(settled), billing_sum(cost_nano),
        billing_sum(input_tokens), billing_sum(cache_read_tokens), billing_sum(cache_write_tokens),
        billing_sum(output_tokens), billing_sum(reasoning_tokens), billing_sum(input_nano), billing_sum(cache_nano),
        sum(again), billing_sum(again_nano), sum(mute), billing_sum(mute_nano), sum(doubts), billing_sum(doubt_nano)
    FROM billing_model_part WHERE finished_at >= p_from AND finished_at < p_until
    GROUP BY 1, 2;

    WITH found AS (
        SELECT id, model, kind, cost_nano, billed_nano, hold_nano, usage_missing, finished_at FROM billing_call
        WHERE finished_at >= p_from AND finished_at < p_until AND state = 'settled' AND kind = 'model'
    ), usual AS (
        SELECT m.model, percentile_disc(0.5) WITHIN GROUP (ORDER BY last.cost_nano) AS median
        FROM (SELECT DISTINCT model FROM found) m
        CROSS JOIN LATERAL (
            SELECT cost_nano FROM billing_call c
            WHERE c.finished_at >= p_until - interval '7 days' AND c.finished_at < p_until AND c.model = m.model
                AND c.state = 'settled'
            ORDER BY c.finished_at DESC LIMIT 1000
        ) AS last
        GROUP BY 1
    )
    INSERT INTO billing_callanomaly (call_id, kind, model, cost_nano, usual_nano, finished_at)
    SELECT f.id, odd.kind, f.model, f.cost_nano, odd.usual_nano, f.finished_at
    FROM found f LEFT JOIN usual u ON u.model = f.model
    CROSS JOIN LATERAL (VALUES
        ('outlier', coalesce(u.median, 0), f.cost_nano > 10 * u.median AND u.median > 0),
        ('near_hold', f.hold_nano, f.billed_nano * 10 > f.hold_nano * 9 AND NOT f.usage_missing),
        ('zero_cost', f.hold_nano, f.cost_nano = 0),
        ('no_usage', f.hold_nano, f.usage_missing)
    ) AS odd (kind, usual_nano, is_so)
    WHERE odd.is_so
    ON CONFLICT DO NOTHING;
$$;
