using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Xunit;

namespace FleetEstimator.Tests.Fuzzing;

/// <summary>A reader of files that anybody may have written, and ways to make such files.</summary>
internal abstract class FuzzSubject
{
    /// <summary>What is read.</summary>
    public abstract string Name { get; }

    /// <summary>The most that reading an input may allocate: what the limits given to the reader allow.</summary>
    public abstract long AllocatedBytesMax { get; }

    /// <summary>Makes an input; the same from the same random numbers.</summary>
    public abstract FuzzInput Next(Random random);
}

/// <summary>An input.</summary>
/// <param name="How">How it was made, for tallies and messages.</param>
/// <param name="Bytes">The file.</param>
/// <param name="Read">
/// Reads the file: the answer if it is accepted, and null if it is refused by the one exception that says so. Anything else that is thrown is a failure.
/// </param>
/// <param name="Judge">Holds the answer, or null, against what is known of the file in another way, and throws where they disagree.</param>
internal sealed record FuzzInput(string How, byte[] Bytes, Func<byte[], object?> Read, Action<object?> Judge);

/// <summary>How many inputs of each make were accepted and refused.</summary>
internal sealed class FuzzTally
{
    private readonly SortedDictionary<string, (int Accepted, int Refused)> _byMake = new(StringComparer.Ordinal);

    public int Accepted => _byMake.Values.Sum(counts => counts.Accepted);

    public int Refused => _byMake.Values.Sum(counts => counts.Refused);

    public long AllocatedBytesMax { get; private set; }

    public void Add(string how, bool isAccepted, long allocated)
    {
        var (accepted, refused) = _byMake.GetValueOrDefault(how);
        _byMake[how] = isAccepted ? (accepted + 1, refused) : (accepted, refused + 1);
        AllocatedBytesMax = Math.Max(AllocatedBytesMax, allocated);
    }

    public override string ToString() => string.Join('\n', _byMake.Select(make => $"{make.Key}: {make.Value.Accepted} accepted, {make.Value.Refused} refused")
        .Append($"most allocated for one input: {AllocatedBytesMax:N0} bytes"));
}

/// <summary>
/// Lets hostile inputs loose on a reader: each is accepted and right, or refused by one exception; without taking long, and without allocating beyond limits. A
/// failure names the seed and the number of the input: with both in the environment it is run again alone.
/// </summary>
internal static class Fuzzer
{
    // Allowed per input; a machine that is busy may stall one, hardly thrice.
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Hanging = TimeSpan.FromMinutes(2);
    private const int Retries = 2;

    /// <summary>Inputs a subject gets: FUZZ_INPUTS, or what CI runs.</summary>
    public static int Inputs => (int)(Variable("FUZZ_INPUTS") ?? 20_000);

    /// <summary>Runs inputs; FUZZ_SEED and FUZZ_INPUT choose others.</summary>
    public static FuzzTally Run(FuzzSubject subject, int inputs)
    {
        var seed = Variable("FUZZ_SEED") ?? 1;
        var (first, end) = Variable("FUZZ_INPUT") is { } one ? (one, one + 1) : (0, inputs);
        var tally = new FuzzTally();
        var (current, began) = (first, Stopwatch.GetTimestamp());
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            for (var number = first; number < end && failure is null; number++)
            {
                Volatile.Write(ref began, Stopwatch.GetTimestamp());
                Volatile.Write(ref current, number);
                try
                {
                    RunOne(subject, seed, number, tally);
                }
                catch (Exception exception)
                {
                    failure = ExceptionDispatchInfo.Capture(exception);
                }
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        while (!thread.Join(TimeSpan.FromSeconds(1)))
        {
            if (Stopwatch.GetElapsedTime(Volatile.Read(ref began)) > Hanging)
                Assert.Fail($"{subject.Name} hangs on {Place(seed, Volatile.Read(ref current))}.");
        }

        if (failure is not null)
            throw new FuzzException($"{subject.Name} fails on {Place(seed, current)}: {failure.SourceException.Message}", failure.SourceException);
        return tally;
    }

    private static void RunOne(FuzzSubject subject, long seed, long number, FuzzTally tally)
    {
        var input = subject.Next(new Random(HashCode(seed, number)));
        for (var attempt = 0; ; attempt++)
        {
            var (began, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
            var answer = input.Read(input.Bytes);
            var (allocated, elapsed) = (GC.GetAllocatedBytesForCurrentThread() - before, Stopwatch.GetElapsedTime(began));
            if (elapsed > Slow && attempt < Retries)
                continue;
            if (elapsed > Slow)
                throw new InvalidOperationException($"({input.How}) it takes {elapsed.TotalSeconds:0.0} s");
            if (allocated > subject.AllocatedBytesMax)
                throw new InvalidOperationException($"({input.How}) it allocates {allocated:N0} bytes, more than {subject.AllocatedBytesMax:N0}");
            try
            {
                input.Judge(answer);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"({input.How}) {(answer is null ? "refused" : "accepted")}, and should not be so: {exception.Message}", exception);
            }

            tally.Add(input.How, answer is not null, allocated);
            return;
        }
    }

    private static string Place(long seed, long number) => $"input {number} of seed {seed}; run it alone with FUZZ_SEED={seed} FUZZ_INPUT={number}";

    // The same on every run, which HashCode.Combine is not.
    private static int HashCode(long seed, long number) => (int)(((ulong)seed * 0x9e3779b97f4a7c15UL) + ((ulong)number * 0xbf58476d1ce4e5b9UL) >> 32);

    private static long? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;
}

/// <summary>An input on which a reader fails.</summary>
internal sealed class FuzzException(string message, Exception innerException) : Exception(message, innerException);
