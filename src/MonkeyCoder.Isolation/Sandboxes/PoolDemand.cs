namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>
/// How many sandboxes of a kind should wait: as many as were asked for in the busiest second of late, within bounds. Demand
/// that comes once a second is met without waiting, and so is a burst like the last one.
/// </summary>
/// <param name="least">However quiet it is.</param>
/// <param name="most">However busy it is.</param>
/// <param name="memory">How long a busy second counts.</param>
/// <param name="time">Clock.</param>
internal sealed class PoolDemand(int least, int most, TimeSpan memory, TimeProvider time)
{
    private static readonly TimeSpan Slot = TimeSpan.FromSeconds(1);

    // Newest last, and each busier than all that come after it: the others can never be the busiest again.
    private readonly LinkedList<(long Start, int Count)> _busiest = [];
    private long _slotStart;
    private int _slotCount;

    /// <summary>One sandbox was asked for.</summary>
    public void Add()
    {
        var now = time.GetTimestamp();
        if (_slotCount == 0 || time.GetElapsedTime(_slotStart, now) >= Slot)
        {
            Close();
            _slotStart = now;
        }

        _slotCount++;
    }

    /// <summary>How many should wait now.</summary>
    public int Target
    {
        get
        {
            var now = time.GetTimestamp();
            while (_busiest.First is { } oldest && time.GetElapsedTime(oldest.Value.Start, now) > memory) _busiest.RemoveFirst();
            var busiest = _busiest.First?.Value.Count ?? 0;
            if (time.GetElapsedTime(_slotStart, now) <= memory) busiest = Math.Max(busiest, _slotCount);
            return Math.Clamp(busiest, least, most);
        }
    }

    private void Close()
    {
        while (_busiest.Last is { } last && last.Value.Count <= _slotCount) _busiest.RemoveLast();
        if (_slotCount > 0) _busiest.AddLast((_slotStart, _slotCount));
        _slotCount = 0;
    }
}
