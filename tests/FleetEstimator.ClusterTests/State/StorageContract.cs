using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using FleetEstimator.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Storage;
using Xunit;

namespace FleetEstimator.ClusterTests.State;

/// <summary>What grains rely on, whatever the database.</summary>
internal static class StorageContract
{
    private const string State = "notebook";

    private static readonly GrainType Type = GrainType.Create("notebook");

    public static async Task Holds(IHost host)
    {
        var storage = host.Services.GetRequiredKeyedService<IGrainStorage>(StudyStorage.Name);
        await StateComesBackAsItWas(storage);
        await StaleWriterIsRefused(storage);
        await OneOfManyFirstWritersWins(storage);
        await ClearedStateIsGone_AndItsLastCopyIsStale(storage);
        await KeysOfAnyKindAreDifferent(storage);
    }

    private static async Task StateComesBackAsItWas(IGrainStorage storage)
    {
        var id = GrainId.Create("notebook", "as-it-was");
        foreach (int length in (int[])[0, 1, 100_000])
        {
            var written = new Copy(new Notebook());
            await storage.ReadStateAsync(State, id, written);
            written.State = new Notebook { Pages = RandomNumberGenerator.GetBytes(length) };
            await storage.WriteStateAsync(State, id, written);

            var read = await Read(storage, id);

            Assert.True(read.RecordExists);
            Assert.Equal(written.ETag, read.ETag);
            Assert.Equal(written.State.Pages, read.State.Pages);
        }
    }

    private static async Task StaleWriterIsRefused(IGrainStorage storage)
    {
        var id = GrainId.Create("notebook", "stale");
        var first = new Copy(new Notebook { Pages = [1] });
        await storage.WriteStateAsync(State, id, first);
        var second = await Read(storage, id);
        second.State.Pages = [2];
        await storage.WriteStateAsync(State, id, second);
        first.State.Pages = [3];

        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync(State, id, first));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync(State, id, first));

        Assert.Equal([2], (await Read(storage, id)).State.Pages);
    }

    private static async Task OneOfManyFirstWritersWins(IGrainStorage storage)
    {
        var id = GrainId.Create("notebook", "contended");

        bool[] won = await Task.WhenAll(Enumerable.Range(1, 16).Select(async number =>
        {
            try
            {
                await storage.WriteStateAsync(State, id, new Copy(new Notebook { Pages = [(byte)number] }));
                return true;
            }
            catch (InconsistentStateException)
            {
                return false;
            }
        }));

        int winner = Array.IndexOf(won, true) + 1;
        Assert.Single(won, true);
        Assert.Equal([(byte)winner], (await Read(storage, id)).State.Pages);
    }

    private static async Task ClearedStateIsGone_AndItsLastCopyIsStale(IGrainStorage storage)
    {
        var id = GrainId.Create("notebook", "cleared");
        var state = new Copy(new Notebook { Pages = [1] });
        await storage.WriteStateAsync(State, id, state);
        var copy = await Read(storage, id);

        await storage.ClearStateAsync(State, id, state);

        Assert.False((await Read(storage, id)).RecordExists);
        state.State.Pages = [2];
        await storage.WriteStateAsync(State, id, state);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync(State, id, copy));
        Assert.Equal([2], (await Read(storage, id)).State.Pages);
    }

    private static async Task KeysOfAnyKindAreDifferent(IGrainStorage storage)
    {
        GrainId[] ids =
        [
            GrainId.Create("notebook", "seven"), GrainId.Create(Type, GrainIdKeyExtensions.CreateIntegerKey(7)),
            GrainId.Create(Type, GrainIdKeyExtensions.CreateIntegerKey(7, "7")), GrainId.Create(Type, GrainIdKeyExtensions.CreateGuidKey(Guid.Empty)),
            GrainId.Create("notebook", new string('7', 400)), GrainId.Create("notebook", "Größe 'x'; --"),
            // As plans are named: hexadecimal digits, too many for a number.
            GrainId.Create("notebook", new string('a', 64)), GrainId.Create("notebook", new string('A', 64)), GrainId.Create("notebook", $"{new string('a', 64)}/7"),
        ];
        for (int number = 0; number < ids.Length; number++)
            await storage.WriteStateAsync(State, ids[number], new Copy(new Notebook { Pages = [(byte)number] }));
        await storage.WriteStateAsync("other", ids[0], new Copy(new Notebook { Pages = [99] }));

        for (int number = 0; number < ids.Length; number++)
            Assert.Equal([(byte)number], (await Read(storage, ids[number])).State.Pages);
    }

    private static async Task<Copy> Read(IGrainStorage storage, GrainId id)
    {
        var state = new Copy(new Notebook());
        await storage.ReadStateAsync(State, id, state);
        return state;
    }

    /// <summary>A grain's copy of its state; <see cref="GrainState{T}"/> would have it that state may be null.</summary>
    private sealed class Copy(Notebook state) : IGrainState<Notebook>
    {
        [AllowNull]
        public Notebook State { get; set; } = state;

        public string? ETag { get; set; }

        public bool RecordExists { get; set; }
    }
}
