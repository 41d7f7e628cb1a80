namespace FleetEstimator.Paging;

/// <summary>Recounts a kernel's state from its page table entries alone and compares it with what the transitions kept.</summary>
internal static class KernelAudit
{
    public static void Check(Kernel kernel, PageTables tables)
    {
        var (mapCounts, swapCounts) = (new Dictionary<int, int>(), new Dictionary<int, int>());
        var hidden = 0L;
        foreach (var process in tables.Processes)
        {
            foreach (var (_, first) in process.Tables)
            {
                for (var index = first; index < first + PageTables.EntriesPerTable && index < kernel.Entries.Length; index++)
                {
                    var entry = kernel.Entries[index];
                    switch (entry & Pte.KindMask)
                    {
                        case Pte.None:
                            Equal(Pte.None, entry, "bits of an empty entry");
                            break;
                        case Pte.Zero:
                            hidden += (entry & Pte.HiddenZero) != 0 ? 1 : 0;
                            break;
                        case Pte.Mapped:
                            Count(mapCounts, kernel.NodeOf(index));
                            break;
                        default:
                            Count(swapCounts, kernel.NodeOf(index));
                            break;
                    }
                }
            }
        }

        var nodes = mapCounts.Keys.Union(swapCounts.Keys).ToList();
        var (unmappedCache, slots, holding, zeroFilled, zswapEntryBytes) = (0L, 0L, 0L, 0L, 0L);
        foreach (var node in nodes)
        {
            var (maps, swaps) = (mapCounts.GetValueOrDefault(node), swapCounts.GetValueOrDefault(node));
            var flags = kernel.FlagsOf(node);
            var inCache = (flags & NodeFlags.InSwapCache) != 0;
            if (node < 0)
            {
                Equal(maps, kernel.SharedFrames[node].MapCount, "map count");
                Equal(swaps, kernel.SharedFrames[node].SwapCount, "swap map count");
            }
            else
            {
                Equal(1, maps + swaps, "entries that name an exclusive node");
            }

            Equal(false, maps > 0 && swaps > 0 && !inCache, "a frame and a slot of one node without the swap cache");
            unmappedCache += maps == 0 && inCache ? 1 : 0;
            slots += swaps > 0 || inCache ? 1 : 0;
            if (kernel.NumberedSlots is { } numbered)
                CheckNumber(numbered, node, hasSlot: swaps > 0 || inCache);
            holding += (flags & NodeFlags.SlotHoldsData) != 0 ? 1 : 0;
            zswapEntryBytes += (flags & NodeFlags.InZswap) != 0 ? kernel.BytesOfZswapEntry(flags) : 0;
            zeroFilled += maps > 0 && kernel.HoldsZeros(node) ? 1 : 0;
        }

        Equal(mapCounts.Count, kernel.MappedFrames, "mapped frames");
        Equal(unmappedCache, kernel.UnmappedCacheFrames, "unmapped swap cache frames");
        Equal(slots, kernel.Slots, "slots");
        Equal(slots, kernel.NumberedSlots?.InUse ?? slots, "numbered slots in use");
        kernel.NumberedSlots?.Audit();
        Equal(holding, kernel.SlotsHoldingData, "slots holding data");
        Equal(zeroFilled, kernel.ZeroFilledFrames, "zero-filled frames");
        var contents = kernel.CountContents();
        Equal(zeroFilled, contents.Zero, "zero-filled frames, counted by content");
        Equal(mapCounts.Count, contents.Zero + contents.Repeated + contents.Data + contents.Incompressible, "mapped frames, counted by content");
        var large = mapCounts.Keys.Where(node => kernel.FolioPages(node) > 1).ToLookup(kernel.FolioOf);
        Equal(large.Sum(folio => (long)kernel.FolioPages(folio.Key) - folio.Count()), kernel.StrandedFrames, "stranded frames");
        Equal(hidden, kernel.HiddenZeroEntries, "hidden zero entries");

        Equal(true, kernel.Pins.IsConsistent(), "pins and the frames they hold agree");
        Equal(true, kernel.Pins.Mapped.All(kernel.IsMapped), "a folio pinned as mapped is mapped");
        Equal(zswapEntryBytes, kernel.ZswapEntryBytes, "bytes of zswap entries");
        var queued = kernel.DeferredSplits.SelectMany(queue => queue.Folios).ToHashSet();
        Equal(true, queued.All(folio => folio.Pages > 1 && kernel.IsMapped(folio)), "folios to be split are mapped");
        Equal(true, large.Where(folio => (kernel.FlagsOf(folio.Key) & NodeFlags.PartlyMapped) != 0).All(folio => queued.Contains(kernel.KeyOf(folio.Key))),
            "folios that lost pages are queued to be split");

        var charged = new long[kernel.Groups.Count];
        var listed = new HashSet<int>();
        for (var list = 0; list < kernel.Lists.Heads; list++)
        {
            foreach (var node in kernel.Lists.FromTail(list))
            {
                Equal(true, listed.Add(node), "frames listed once");
                Equal(list / FrameLists.PerGroup, kernel.GroupOf(node), "group of a frame");
                charged[list / FrameLists.PerGroup] += kernel.FolioPages(node);
            }
        }

        for (var group = 0; group < charged.Length; group++)
            Equal(charged[group] + kernel.Pins.UnmappedFramesOf(group), kernel.Groups[group].Frames, "frames charged to a group");

        Equal(charged.Sum() + kernel.PinnedUnmappedFrames, kernel.Frames, "frames");
        var framed = nodes.Where(node => mapCounts.ContainsKey(node) || (kernel.FlagsOf(node) & NodeFlags.InSwapCache) != 0)
            .Select(node => node < 0 ? node : kernel.FolioOf(node)).ToHashSet();
        Equal(true, framed.SetEquals(listed), "every frame, and nothing else, is on a reclaim list");

        foreach (var (what, kept, recounted) in kernel.Policies.SelectMany(policy => policy.Counts()))
            Equal(recounted, kept, what);

        void CheckNumber(SwapSlots numbered, int node, bool hasSlot)
        {
            var slot = kernel.SlotOf(node);
            Equal(hasSlot, slot != SwapArea.NoSlot, "a slot's number");
            Equal(hasSlot, hasSlot && numbered.TryNode(slot, out var owner) && owner == node, "the node a slot belongs to");
        }

        void Equal<T>(T expected, T actual, string what)
        {
            if (!EqualityComparer<T>.Default.Equals(expected, actual))
                throw new InvalidOperationException($"{kernel.Mechanism}: {what}: recounted {expected}, kept {actual}.");
        }
    }

    private static void Count(Dictionary<int, int> counts, int node) => counts[node] = counts.GetValueOrDefault(node) + 1;
}
