-- The fees per use in what a call cost: all of a tool's use, and of a model's call those of the request and of each web
-- search that the provider made.
CREATE OR REPLACE FUNCTION billing_fees(p_kind text, p_cost bigint, p_usage jsonb, p_request bigint, p_search bigint)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_kind <> 'model' THEN p_cost ELSE least(p_cost, coalesce(p_request, 0) + coalesce(p_search, 0) * CASE
        WHEN jsonb_typeof(p_usage #> '{server_tool_use,web_search_requests}') = 'number'
        THEN (p_usage #>> '{server_tool_use,web_search_requests}')::numeric ELSE 0 END)::bigint END;
$$;

-- What one finished call adds to the sums of its model. Its cost without fees is shared out among its classes of tokens by
-- the rates at which it was charged, as `solver/core/pricing.py` finds them: those of its service tier and its prompt's
-- size, else of its hour, else the plain ones. What rounding leaves falls to output. OFFSET 0 has each step worked out
-- once: pulled up into one another they would be worked out anew for each of their uses, some hundred times a call.
CREATE OR REPLACE VIEW billing_model_part AS
SELECT c.finished_at, c.model, (c.state = 'settled')::int AS settled, c.cost_nano,
    c.input_tokens, c.cache_read_tokens, c.cache_write_tokens, c.output_tokens, c.reasoning_tokens,
    coalesce(floor((c.cost_nano - fee.nano) * w.input / w.whole), 0)::bigint AS input_nano,
    coalesce(floor((c.cost_nano - fee.nano) * w.cache_read / w.whole), 0)::bigint AS cache_read_nano,
    coalesce(floor((c.cost_nano - fee.nano) * w.cache_write / w.whole), 0)::bigint AS cache_write_nano,
    coalesce(floor((c.cost_nano - fee.nano) * w.reasoning / w.whole), 0)::bigint AS reasoning_nano,
    fee.nano AS fee_nano,
    (c.state = 'settled' AND c.attempt > 1)::int AS again,
    CASE WHEN c.state = 'settled' AND c.attempt > 1 THEN c.cost_nano ELSE 0 END AS again_nano,
    (c.state = 'settled' AND c.kind = 'model' AND c.output_tokens <= c.reasoning_tokens)::int AS mute,
    CASE WHEN c.state = 'settled' AND c.kind = 'model' AND c.output_tokens <= c.reasoning_tokens
        THEN c.cost_nano ELSE 0 END AS mute_nano,
    (c.state = 'in_doubt')::int AS doubts,
    CASE WHEN c.state = 'in_doubt' THEN c.hold_nano ELSE 0 END AS doubt_nano
FROM billing_call c
LEFT JOIN billing_price p ON p.id = c.price_id
CROSS JOIN LATERAL (SELECT billing_fees(c.kind, c.cost_nano, c.usage, p.request_nano, p.search_nano) AS nano OFFSET 0) AS fee
CROSS JOIN LATERAL (SELECT (
    SELECT tier FROM jsonb_array_elements(p.tiers) AS tier
    WHERE c.input_tokens > (tier ->> 'above_prompt_tokens')::bigint AND coalesce(tier ->> 'service', '') = CASE
        WHEN EXISTS (SELECT FROM jsonb_array_elements(p.tiers) AS known WHERE known ->> 'service' = c.service_tier)
        THEN c.service_tier ELSE '' END
    ORDER BY (tier ->> 'above_prompt_tokens')::bigint DESC LIMIT 1
) AS tier, (
    SELECT hours FROM jsonb_array_elements(p.windows) AS hours
    WHERE hours -> 'weekdays' @> to_jsonb(extract(isodow FROM c.finished_at AT TIME ZONE 'UTC')::int)
        AND extract(epoch FROM (c.finished_at AT TIME ZONE 'UTC')::time) >= 60 * (hours ->> 'from_minute')::int
        AND extract(epoch FROM (c.finished_at AT TIME ZONE 'UTC')::time) < 60 * (hours ->> 'to_minute')::int
    LIMIT 1
) AS hours OFFSET 0) AS own
CROSS JOIN LATERAL (
    SELECT (base ->> 'input_pico')::numeric AS input, (base ->> 'output_pico')::numeric AS output,
        coalesce(base ->> 'cache_read_pico', base ->> 'input_pico')::numeric AS cache_read,
        coalesce(base ->> 'cache_write_pico', base ->> 'input_pico')::numeric AS cache_write,
        coalesce(base ->> 'cache_write_1h_pico', base ->> 'cache_write_pico', base ->> 'input_pico')::numeric
            AS cache_write_1h
    FROM (SELECT coalesce(own.tier, own.hours, jsonb_build_object(
        'input_pico', coalesce(p.input_pico, 1), 'output_pico', coalesce(p.output_pico, 1),
        'cache_read_pico', p.cache_read_pico, 'cache_write_pico', p.cache_write_pico,
        'cache_write_1h_pico', p.cache_write_1h_pico)) AS base OFFSET 0) AS found
    OFFSET 0
) AS rate
CROSS JOIN LATERAL (
    SELECT greatest(c.input_tokens - c.cache_read_tokens - c.cache_write_tokens, 0) AS plain_tokens,
        -- A service tier and an hour have an output rate of their own, which reasoning goes by, too.
        CASE WHEN coalesce(own.tier ->> 'service', '') <> '' OR (own.tier IS NULL AND own.hours IS NOT NULL)
            THEN rate.output ELSE greatest(p.reasoning_pico, rate.output) END AS reasoning
    OFFSET 0
) AS more
CROSS JOIN LATERAL (
    SELECT more.plain_tokens * rate.input + least(c.audio_tokens, more.plain_tokens)
            * greatest(coalesce(p.audio_pico, 0) - rate.input, 0) AS input,
        c.cache_read_tokens * rate.cache_read AS cache_read,
        (c.cache_write_tokens - c.cache_write_1h_tokens) * rate.cache_write
            + c.cache_write_1h_tokens * rate.cache_write_1h AS cache_write,
        greatest(c.output_tokens - c.reasoning_tokens, 0) * rate.output AS output,
        c.reasoning_tokens * more.reasoning AS reasoning
    OFFSET 0
) AS class
CROSS JOIN LATERAL (
    SELECT class.*,
        nullif(class.input + class.cache_read + class.cache_write + class.output + class.reasoning, 0) AS whole
    OFFSET 0
) AS w
WHERE c.finished_at IS NOT NULL AND c.state <> 'void';

-- Sums those that finished from p_from until p_until by model and quarter of an hour.
CREATE OR REPLACE FUNCTION billing_sum_models(p_from timestamptz, p_until timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO billing_modelsum (
        quarter, model, settled, cost_nano, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
        reasoning_tokens, input_nano, cache_read_nano, cache_write_nano, reasoning_nano, fee_nano, again, again_nano,
        mute, mute_nano, doubts, doubt_nano
    )
    SELECT date_bin('15 minutes', finished_at, 'epoch'), model, sum(settled), billing_sum(cost_nano),
        billing_sum(input_tokens), billing_sum(cache_read_tokens), billing_sum(cache_write_tokens),
        billing_sum(output_tokens), billing_sum(reasoning_tokens), billing_sum(input_nano),
        billing_sum(cache_read_nano), billing_sum(cache_write_nano), billing_sum(reasoning_nano), billing_sum(fee_nano),
        sum(again), billing_sum(again_nano), sum(mute), billing_sum(mute_nano), sum(doubts), billing_sum(doubt_nano)
    FROM billing_model_part WHERE finished_at >= p_from AND finished_at < p_until
    GROUP BY 1, 2;
$$;

-- Notes what is odd about the calls that finished from p_from until p_until.
CREATE OR REPLACE FUNCTION billing_note_odd_calls(p_from timestamptz, p_until timestamptz)
RETURNS void LANGUAGE sql AS $$
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
