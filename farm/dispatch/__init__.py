"""Tasks that another program hands to the farm: their forms, what each comes to, and who waits for whom.

The verb is `farm.client`'s (`farm/client/dispatching.py`) like any other; here is what it decides by.
"""
